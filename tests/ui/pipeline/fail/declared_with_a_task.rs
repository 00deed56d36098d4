use antflow::{pipeline, stage, task};

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

#[task]
async fn trim(page: Page) -> Page {
    page
}

pipeline! {
    pub Ingest: Url => usize = fetch >> trim >> parse;
}

fn main() {}
