use antflow::{pipeline, stage};

type Result<T> = Option<T>;

#[stage(retry = "per_task")]
async fn parse(text: String) -> Result<u32> {
    text.parse().ok()
}

fn main() {
    let _ = pipeline!(parse);
}
