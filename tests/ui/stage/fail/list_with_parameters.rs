use antflow::{pipeline, stage, task};

#[task]
async fn count(text: String) -> usize {
    text.len()
}

#[stage]
struct Generic<T>(count);

fn main() {
    let _ = pipeline!(Generic);
}
