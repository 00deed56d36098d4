use antflow::{pipeline, stage};

struct Url(String);
struct Page(String);

#[stage(skip_if = is_empty)]
async fn fetch(url: Url) -> Page {
    Page(url.0)
}

fn is_empty(url: &Url) -> bool {
    url.0.is_empty()
}

fn main() {
    let _ = pipeline!(fetch);
}
