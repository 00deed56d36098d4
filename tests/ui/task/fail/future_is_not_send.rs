use std::rc::Rc;

use antflow::{pipeline, stage, task};

#[task]
async fn count(text: String) -> usize {
    let shared = Rc::new(text);
    tokio::task::yield_now().await;
    shared.len()
}

#[stage]
struct Count(count);

fn main() {
    let _ = pipeline!(Count);
}
