use antflow::{pipeline, stage};

const LIMIT: u64 = 5;

#[stage(timeout = LIMIT)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
