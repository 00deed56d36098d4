use std::fmt::Display;

use antflow::{pipeline, stage};

struct Opaque;

#[stage]
async fn show<T: Display>(value: T) -> String {
    value.to_string()
}

fn main() {
    let _ = pipeline!(show::<Opaque>);
}
