use antflow::{pipeline, stage};

#[stage(name = "")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
