use antflow::{pipeline, stage};

#[stage(name = Count)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
