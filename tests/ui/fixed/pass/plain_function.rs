use antflow::{pipeline, stage};

struct Url(String);
struct Page(String);

#[stage]
async fn fetch(url: Url) -> Page {
    Page(url.0)
}

// ANCHOR: fix
#[stage]
async fn save(page: Page) -> usize {
    page.0.len()
}
// ANCHOR_END: fix

fn main() {
    let _ = pipeline!(fetch >> save);
}
