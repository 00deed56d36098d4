use antflow::{pipeline, stage};

#[stage(crate = elsewhere::antflow, workers = 2, retry = "per_task", timeout = "1s")]
async fn count(text: String) -> Result<usize, std::io::Error> {
    Ok(text.len())
}

fn main() {
    let _ = pipeline!(count);
}
