use antflow::stage;

struct Crawler;

#[stage]
impl Crawler {
    async fn fetch(url: String) -> usize {
        url.len()
    }
}

fn main() {}
