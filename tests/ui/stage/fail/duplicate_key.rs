use antflow::stage;

#[stage(workers = 4, queue = 100, workers = 8)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
