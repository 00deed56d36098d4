use antflow::{pipeline, stage};

#[stage(timeout = true)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
