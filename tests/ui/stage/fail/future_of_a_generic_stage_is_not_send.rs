use std::rc::Rc;

use antflow::{pipeline, stage};

#[stage]
async fn count<T: Into<String>>(text: T) -> usize {
    let shared = Rc::new(text.into());
    tokio::task::yield_now().await;
    shared.len()
}

fn main() {
    let _ = pipeline!(count::<String>);
}
