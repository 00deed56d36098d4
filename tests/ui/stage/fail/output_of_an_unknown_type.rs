use antflow::{pipeline, stage};

#[stage]
async fn fetch(url: String) -> Page {
    todo!("{url}")
}

fn main() {
    let _ = pipeline!(fetch);
}
