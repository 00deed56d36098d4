use antflow::{pipeline, stage};

struct Url(String);
struct Page(String);

#[stage]
async fn fetch(url: Url) -> Page {
    Page(url.0)
}

#[stage]
async fn parse(page: Page) -> usize {
    page.0.len()
}

fn main() {
    let _ = pipeline!(fetch.);
}
