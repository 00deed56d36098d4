use antflow::{pipeline, stage};

#[stage(retry = "per_task", on_wait = "keep")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
