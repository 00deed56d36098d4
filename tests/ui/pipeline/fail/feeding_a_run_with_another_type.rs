use antflow::{pipeline, stage};

#[stage]
async fn count(text: String) -> usize {
    text.len()
}

#[tokio::main]
async fn main() {
    let run = pipeline!(count).start().unwrap();
    let _ = run.feed([1, 2]).await;
}
