use antflow::{pipeline, stage};

struct Url(String);
struct Page(String);

#[stage(workers = 4)]
async fn fetch(url: Url) -> Result<Page, std::io::Error> {
    Ok(Page(url.0))
}

#[stage]
async fn parse(page: Page) -> usize {
    page.0.len()
}

fn main() {
    // ANCHOR: fix
    let _ = pipeline!(fetch >> parse);
    // ANCHOR_END: fix
}
