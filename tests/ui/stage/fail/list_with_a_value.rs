use antflow::{stage, task};

#[task]
async fn count(text: String) -> usize {
    text.len()
}

#[stage]
struct Measure(count());

fn main() {}
