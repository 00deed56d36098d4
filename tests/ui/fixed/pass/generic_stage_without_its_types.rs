use antflow::{pipeline, stage};

struct Url(String);
struct Page(String);

#[stage]
async fn fetch(url: Url) -> Page {
    Page(url.0)
}

#[stage]
async fn pass<T: Send + 'static>(value: T) -> T {
    value
}

fn main() {
    // ANCHOR: fix
    let _ = pipeline!(fetch >> pass::<Page>);
    // ANCHOR_END: fix
}
