use antflow::{pipeline, stage};

#[stage(timeout = "5 parsecs")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
