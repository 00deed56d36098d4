use antflow::{pipeline, stage};

#[stage(queue = 0)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
