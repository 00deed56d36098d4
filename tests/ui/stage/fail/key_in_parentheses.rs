use antflow::{pipeline, stage};

#[stage(retry(attempts = 3))]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
