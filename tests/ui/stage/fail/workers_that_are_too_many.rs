use antflow::{pipeline, stage};

#[stage(workers = 5_000_000_000)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
