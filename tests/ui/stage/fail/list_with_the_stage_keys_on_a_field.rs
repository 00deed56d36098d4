use antflow::{stage, task};

#[task]
async fn count(text: String) -> usize {
    text.len()
}

#[stage]
struct Measure(#[concurrency = 2] count);

fn main() {}
