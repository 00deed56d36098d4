use antflow::{BoxError, pipeline, stage};

// ANCHOR: fix
#[stage]
async fn parse(text: String) -> Result<u32, BoxError> {
    Ok(text.parse()?)
}
// ANCHOR_END: fix

fn main() {
    let _ = pipeline!(parse);
}
