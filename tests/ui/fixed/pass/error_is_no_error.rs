use antflow::{pipeline, stage};

// ANCHOR: fix
#[derive(Debug, thiserror::Error)]
#[error("not a number")]
struct Broken;
// ANCHOR_END: fix

#[stage]
async fn parse(text: String) -> Result<u32, Broken> {
    text.parse().map_err(|_| Broken)
}

fn main() {
    let _ = pipeline!(parse);
}
