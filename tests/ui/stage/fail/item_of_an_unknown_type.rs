use antflow::{pipeline, stage};

#[stage]
async fn count(page: Page) -> usize {
    0
}

fn main() {
    let _ = pipeline!(count);
}
