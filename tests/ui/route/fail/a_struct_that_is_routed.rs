use antflow::{Route, pipeline, stage};

#[derive(Route)]
struct Page(String);

#[stage]
async fn fetch(url: String) -> Page {
    Page(url)
}

#[stage]
async fn parse(page: Page) -> usize {
    page.0.len()
}

fn main() {
    let _ = pipeline!(fetch >> { Html => parse });
}
