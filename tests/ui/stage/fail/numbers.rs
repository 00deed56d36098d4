use antflow::stage;

#[stage(workers = -1, queue = 10usize, concurrency = 1.5)]
async fn count(text: String) -> usize {
    text.len()
}

#[stage(workers = 5_000_000_000)]
async fn many(text: String) -> usize {
    text.len()
}

fn main() {}
