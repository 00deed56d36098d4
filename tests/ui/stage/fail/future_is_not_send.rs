use std::rc::Rc;

use antflow::{pipeline, stage};

#[stage]
async fn count(text: String) -> usize {
    let shared = Rc::new(text);
    tokio::task::yield_now().await;
    shared.len()
}

fn main() {
    let _ = pipeline!(count);
}
