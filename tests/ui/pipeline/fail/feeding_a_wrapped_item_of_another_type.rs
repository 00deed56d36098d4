use antflow::{Item, pipeline, stage};

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

async fn go() {
    let items = [Item::new(String::new()).id("first")];
    let _ = pipeline!(fetch >> parse).run(items).await;
}

fn main() {
    let _ = go();
}
