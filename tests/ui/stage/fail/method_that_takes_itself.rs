use antflow::stage;

struct Crawler;

impl Crawler {
    #[stage]
    async fn fetch(mut self, url: String) -> usize {
        url.len()
    }
}

fn main() {}
