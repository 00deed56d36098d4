use antflow::{pipeline, stage};

#[stage]
async fn count(text: str) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
