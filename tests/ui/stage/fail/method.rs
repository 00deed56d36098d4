use antflow::stage;

struct Client;

impl Client {
    #[stage]
    async fn fetch(&self, url: String) -> usize {
        url.len()
    }
}

fn main() {}
