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

#[stage]
async fn save(rows: usize) -> Result<(), std::io::Error> {
    println!("{rows}");
    Ok(())
}

#[tokio::main]
async fn main() {
    let etl = pipeline!(fetch >> parse >> save);
    let results = etl.run([Url(String::new())]).await.unwrap();
    println!("{}", results.len());
}
