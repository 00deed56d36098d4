use antflow::{pipeline, stage};

#[stage]
async fn fetch(url: String) -> String {
    url
}

#[stage]
async fn count(page: Option<String>) -> usize {
    page.map_or(0, |page| page.len())
}

fn main() {
    let _ = pipeline!(fetch >> count);
}
