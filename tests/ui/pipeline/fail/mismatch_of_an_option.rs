use antflow::{pipeline, stage};

struct Page(String);

#[stage]
async fn find(name: String) -> Option<Page> {
    Some(Page(name))
}

#[stage]
async fn parse(page: Page) -> usize {
    page.0.len()
}

fn main() {
    let _ = pipeline!(find >> parse);
}
