use std::rc::Rc;

use antflow::{pipeline, stage};

#[stage]
async fn count(text: Rc<str>) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
