use antflow::{pipeline, stage};

struct Url(String);
struct Page(String);

#[stage]
async fn fetch(url: Url) -> Page {
    Page(url.0)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // ANCHOR: fix
    let urls = ["a", "b", "c"].map(|name| Url(name.to_owned()));
    let results = pipeline!(fetch).run(urls).await;
    // ANCHOR_END: fix
    assert!(results.is_ok_and(|results| results.iter().all(|result| result.is_success())));
}
