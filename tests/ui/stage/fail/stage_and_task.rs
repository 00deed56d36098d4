use antflow::{stage, task};

#[stage(workers = 4)]
#[task(timeout = "1s")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
