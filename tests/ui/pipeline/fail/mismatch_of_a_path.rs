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

mod text {
    #[antflow::stage]
    pub async fn count(record: super::Record) -> usize {
        record.0.len()
    }
}

fn main() {
    let _ = pipeline!(fetch >> text::count);
}
