use antflow::{pipeline, stage};

#[stage = "Count"]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
