use antflow::{stage, task};

#[task(workers = 4)]
async fn count(text: String) -> usize {
    text.len()
}

#[stage]
struct Measure(count);

fn main() {}
