//! One mistake. As the type of an `impl` parameter has no name, `feed_at` returns an unnamed future, of which the compiler
//! asks the parameter's bounds again, and once more where it is awaited.
use antflow::{pipeline, stage};

#[stage]
async fn count(text: String) -> usize {
    text.len()
}

#[stage]
async fn double(length: usize) -> usize {
    length * 2
}

#[tokio::main]
async fn main() {
    let run = pipeline!(count >> double).start().unwrap();
    let _ = run.feed_at::<double>(["ant"]).await;
}
