use antflow::{pipeline, stage};

#[stage]
async fn count(pages: &[Page]) -> usize {
    pages.len()
}

fn main() {
    let _ = pipeline!(count);
}
