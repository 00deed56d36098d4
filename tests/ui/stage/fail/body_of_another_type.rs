use antflow::{pipeline, stage};

#[stage]
async fn count(text: String) -> u32 {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
