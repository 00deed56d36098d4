use std::cell::Cell;

use antflow::{pipeline, stage};

#[stage]
async fn trim(text: String) -> String {
    text
}

fn main() {
    let _ = pipeline!(trim).with_state(Cell::new(5));
}
