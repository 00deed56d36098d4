use antflow::{pipeline, stage, task};

#[task]
async fn count(text: String) -> usize {
    text.len()
}

#[task]
async fn double(number: usize) -> usize {
    number * 2
}

#[stage]
struct Measure(count, duoble);

fn main() {
    let _ = pipeline!(Measure);
}
