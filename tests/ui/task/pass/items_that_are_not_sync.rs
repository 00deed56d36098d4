//! An item by value need not be `Sync`, also behind `skip_if`.
#![deny(warnings)]

use std::cell::Cell;

use antflow::{pipeline, stage, task};

#[task]
async fn count(counter: Cell<u32>) -> Cell<u32> {
    counter.set(counter.get() + 1);
    tokio::task::yield_now().await;
    counter
}

#[stage(skip_if = is_done)]
struct Count(count, count);

fn is_done(counter: &Cell<u32>) -> bool {
    counter.get() > 10
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let results = pipeline!(Count).run([Cell::new(0)]).await.unwrap();
    assert_eq!(results[0].value.as_ref().unwrap().get(), 2);
}
