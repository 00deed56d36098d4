use antflow::{pipeline, stage, task};

#[task]
fn count(text: String) -> usize {
    text.len()
}

#[stage]
struct Measure(count);

fn main() {
    let _ = pipeline!(Measure);
}
