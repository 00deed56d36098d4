use antflow::{pipeline, stage};

#[stage(retry = "per_task", attempts = "three")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
