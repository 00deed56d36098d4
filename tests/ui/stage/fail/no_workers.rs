use antflow::{pipeline, stage};

#[stage(workers = 0)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
