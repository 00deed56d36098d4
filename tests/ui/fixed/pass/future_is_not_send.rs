use std::rc::Rc;

use antflow::{pipeline, stage};

// ANCHOR: fix
#[stage]
async fn count(text: String) -> usize {
    let length = {
        let shared = Rc::new(text);
        shared.len()
    };
    tokio::task::yield_now().await;
    length
}
// ANCHOR_END: fix

fn main() {
    let _ = pipeline!(count);
}
