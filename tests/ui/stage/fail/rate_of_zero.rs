use antflow::{pipeline, stage};

#[stage(rate = "0/s")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
