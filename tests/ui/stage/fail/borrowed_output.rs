use antflow::{pipeline, stage};

#[stage]
async fn trim(text: &str) -> &str {
    text.trim()
}

fn main() {
    let _ = pipeline!(trim);
}
