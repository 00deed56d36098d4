use antflow::{pipeline, stage};

struct Broken;

type Result<T> = std::result::Result<T, Broken>;

#[stage]
async fn parse(text: String) -> Result<u32> {
    text.parse().map_err(|_| Broken)
}

fn main() {
    let _ = pipeline!(parse);
}
