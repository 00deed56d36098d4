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

#[antflow::task]
async fn first(record: Record) -> Record {
    record
}

#[antflow::task]
async fn second(record: Record) -> Record {
    record
}

#[stage]
struct Both(first, second);

fn main() {
    let _ = pipeline!(fetch >> Both);
}
