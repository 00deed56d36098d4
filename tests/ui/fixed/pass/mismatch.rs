use antflow::{pipeline, stage};

struct Url(String);
struct Page(String);
struct Record(String);

#[stage(workers = 4)]
async fn fetch(url: Url) -> Result<Page, std::io::Error> {
    Ok(Page(url.0))
}

#[stage]
async fn parse(record: Record) -> usize {
    record.0.len()
}

// ANCHOR: fix
#[stage]
async fn extract(page: Page) -> Record {
    Record(page.0)
}

fn main() {
    let _ = pipeline!(fetch >> extract >> parse);
}
// ANCHOR_END: fix
