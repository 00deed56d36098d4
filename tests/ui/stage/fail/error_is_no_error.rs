use antflow::{pipeline, stage};

struct Broken;

#[stage]
async fn parse(text: String) -> Result<u32, Broken> {
    text.parse().map_err(|_| Broken)
}

fn main() {
    let _ = pipeline!(parse);
}
