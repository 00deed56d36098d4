use antflow::{pipeline, stage};

#[stage]
async fn parse(text: &str) -> Result<u32, &str> {
    text.parse().map_err(|_| text)
}

fn main() {
    let _ = pipeline!(parse);
}
