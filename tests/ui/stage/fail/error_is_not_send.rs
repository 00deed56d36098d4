use std::rc::Rc;

use antflow::{pipeline, stage};

#[derive(Debug, thiserror::Error)]
#[error("broken")]
struct Broken(Rc<str>);

#[stage]
async fn parse(text: String) -> Result<u32, Broken> {
    Err(Broken(text.into()))
}

fn main() {
    let _ = pipeline!(parse);
}
