use std::fmt::Display;

use antflow::{pipeline, stage};

#[stage]
async fn show(value: &dyn Display) -> String {
    value.to_string()
}

fn main() {
    let _ = pipeline!(show);
}
