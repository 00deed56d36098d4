use antflow::{pipeline, stage};

#[stage]
async fn fetch(url: String) -> Result<usize, FetchError> {
    Ok(url.len())
}

fn main() {
    let _ = pipeline!(fetch);
}
