use antflow::{pipeline, stage, task};

struct Url(String);
struct Page(String);

#[stage(workers = 4)]
async fn fetch(url: Url) -> Result<Page, std::io::Error> {
    Ok(Page(url.0))
}

#[task]
async fn count(page: Page) -> usize {
    page.0.len()
}

// ANCHOR: fix
#[stage(workers = 2)]
struct Measure(count);

fn main() {
    let _ = pipeline!(fetch >> Measure);
}
// ANCHOR_END: fix
