use std::sync::{Arc, Mutex};

use antflow::{State, pipeline, stage};

#[stage]
async fn count(text: String, total: State<Arc<Mutex<usize>>>) -> usize {
    let mut total = total.lock().unwrap();
    *total += text.len();
    tokio::task::yield_now().await;
    *total
}

fn main() {
    let _ = pipeline!(count);
}
