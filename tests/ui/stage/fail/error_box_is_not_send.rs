use std::error::Error;

use antflow::{pipeline, stage};

#[stage]
async fn parse(text: String) -> Result<u32, Box<dyn Error>> {
    Ok(text.parse()?)
}

fn main() {
    let _ = pipeline!(parse);
}
