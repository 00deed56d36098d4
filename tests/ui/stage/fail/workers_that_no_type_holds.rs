use antflow::{pipeline, stage};

#[stage(workers = 99999999999999999999999999999999999999999)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
