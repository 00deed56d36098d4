use std::borrow::Cow;

use antflow::{pipeline, stage};

#[stage]
async fn count(text: Cow<'_, str>) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
