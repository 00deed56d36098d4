use antflow::{pipeline, stage};

#[stage(retry = "per_task", wait = "-1s")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
