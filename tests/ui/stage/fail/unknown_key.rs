use antflow::{pipeline, stage};

#[stage(worker = 4)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
