use antflow::{pipeline, stage, task};

#[task]
async fn count(text: String) -> usize {
    text.len()
}

#[stage(crate = elsewhere::antflow)]
struct Count(count);

fn main() {
    let _ = pipeline!(Count);
}
