use antflow::{pipeline, stage};

#[stage]
async fn count(pages: Vec<Page>) -> usize {
    pages.len()
}

fn main() {
    let _ = pipeline!(count);
}
