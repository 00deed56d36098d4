//! One mistake. The override is a method of a trait that the path of the crate would lead to.
use antflow::{pipeline, stage};

#[stage]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(crate = elsewhere; count.workers(2));
}
