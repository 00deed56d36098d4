use antflow::{pipeline, stage};

#[stage(timeout = 30)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
