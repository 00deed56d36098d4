use antflow::task;

struct Crawler;

impl Crawler {
    #[task]
    async fn fetch(&self, url: String) -> usize {
        url.len()
    }
}

fn main() {}
