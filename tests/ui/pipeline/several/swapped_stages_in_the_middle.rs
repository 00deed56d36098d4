use antflow::{pipeline, stage};

struct Url(String);
struct Page(String);

#[stage]
async fn fetch(url: Url) -> Page {
    Page(url.0)
}

#[stage]
async fn parse(page: Page) -> usize {
    page.0.len()
}

#[stage]
async fn halve(length: usize) -> u32 {
    length as u32 / 2
}

#[stage]
async fn print(half: u32) {
    println!("{half}");
}

fn main() {
    let _ = pipeline!(fetch >> halve >> parse >> print);
}
