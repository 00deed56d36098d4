use antflow::stage;

const WORKERS: u8 = 4;

#[stage(workers = WORKERS)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
