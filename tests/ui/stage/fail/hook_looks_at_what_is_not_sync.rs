use std::cell::Cell;

use antflow::{TaskContext, stage};

#[stage(on_success = note)]
async fn count(counter: Cell<u32>) -> Cell<u32> {
    counter
}

fn note(_: &TaskContext, counter: &Cell<u32>) {
    println!("{}", counter.get());
}

fn main() {}
