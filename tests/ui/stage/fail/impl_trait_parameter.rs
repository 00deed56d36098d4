use antflow::{pipeline, stage};

#[stage]
async fn fetch(url: impl Into<String>) -> usize {
    url.into().len()
}

fn main() {
    let _ = pipeline!(fetch);
}
