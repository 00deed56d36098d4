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

mod text {
    #[antflow::stage]
    pub(crate) async fn shout(length: usize) -> String {
        "!".repeat(length)
    }
}

fn main() {
    let _ = pipeline!(fetch >> parse >> text::shuot);
}
