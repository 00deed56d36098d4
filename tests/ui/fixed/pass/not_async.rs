use antflow::{pipeline, stage};

// ANCHOR: fix
#[stage]
async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}
// ANCHOR_END: fix

fn main() {
    let _ = pipeline!(parse);
}
