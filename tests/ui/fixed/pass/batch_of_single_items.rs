use antflow::{pipeline, stage};

#[derive(Clone)]
struct Page(String);
struct Row(usize);

#[stage]
async fn fetch(url: String) -> Page {
    Page(url)
}

// ANCHOR: fix
#[stage]
async fn parse(pages: Vec<Page>) -> Vec<Row> {
    pages.into_iter().map(|page| Row(page.0.len())).collect()
}
// ANCHOR_END: fix

#[stage]
async fn store(row: Row) -> usize {
    row.0
}

fn main() {
    let _ = pipeline!(fetch >> batch(100, "1s") >> parse);
}
