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

fn main() {
    let _ = pipeline!(ftech >> parse);
}
