use antflow::{pipeline, stage};

#[stage]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let workers = 5;
    let _ = pipeline!(count >> (workers));
}
