use antflow::{pipeline, stage};

#[stage(rate = "100")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
