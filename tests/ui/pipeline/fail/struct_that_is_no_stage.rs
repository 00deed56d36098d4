use antflow::{pipeline, stage};

struct Save {}

#[stage]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count >> Save);
}
