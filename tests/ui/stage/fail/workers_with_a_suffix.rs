use antflow::{pipeline, stage};

#[stage(workers = 4usize)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
