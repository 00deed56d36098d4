use antflow::{Route, pipeline, stage};

#[derive(Clone)]
struct Page(String);
struct Row(usize);

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

#[derive(Route)]
enum Document {
    Html(Page),
    Pdf(Vec<u8>),
}

#[stage]
async fn classify(page: Page) -> Document {
    Document::Html(page)
}

#[stage]
async fn pages(pdf: Vec<u8>) -> Row {
    Row(pdf.len())
}

// ANCHOR: fix
fn main() {
    let _ = pipeline!(fetch >> classify >> { Html => parse, Pdf => pages } >> store);
}
// ANCHOR_END: fix
