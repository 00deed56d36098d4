use std::cell::Cell;

use antflow::{pipeline, stage};

#[stage]
async fn count(counter: &Cell<u32>) -> u32 {
    counter.get()
}

fn main() {
    let _ = pipeline!(count);
}
