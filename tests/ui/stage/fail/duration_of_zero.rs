use antflow::{pipeline, stage};

#[stage(timeout = "0s")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
