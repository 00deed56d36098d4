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

#[stage]
async fn save(pages: Vec<Page>) -> Vec<usize> {
    pages.into_iter().map(|page| page.0.len()).collect()
}

fn main() {
    let wait = 5_u64;
    let _ = pipeline!(fetch >> batch(100, wait) >> save);
}
