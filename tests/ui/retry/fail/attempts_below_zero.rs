use antflow::{pipeline, stage};

#[stage(retry = "per_task", attempts = -1)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
