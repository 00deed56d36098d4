use antflow::{pipeline, stage};

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

fn cells(row: Row) -> Vec<Row> {
    vec![row]
}

fn main() {
    let _ = pipeline!(fetch >> flat_map(cells) >> store);
}
