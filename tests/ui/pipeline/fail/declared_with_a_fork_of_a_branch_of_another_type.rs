use antflow::{ItemError, pipeline, stage};

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

pipeline! {
    pub Ingest: String => (Result<Row, ItemError>, Result<usize, ItemError>) = fetch >> (parse & store);
}

fn main() {}
