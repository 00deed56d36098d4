use antflow::{pipeline, stage};

#[derive(Clone)]
struct Page(String);
// ANCHOR: fix
#[derive(Clone)]
struct Row(usize);
// ANCHOR_END: fix

#[stage]
async fn fetch(url: String) -> Page {
    Page(url)
}

#[stage]
async fn parse(page: Page) -> Row {
    Row(page.0.len())
}

#[stage]
async fn store(row: Row) -> usize {
    row.0
}

fn main() {
    let _ = pipeline!(fetch >> parse >> (store & store.named("Store again")));
}
