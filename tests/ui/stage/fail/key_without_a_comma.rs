use antflow::{pipeline, stage};

#[stage(workers = 4 queue = 10)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
