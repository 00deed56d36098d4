use antflow::{pipeline, stage};

struct Upload(Vec<u8>);

#[stage(retry = "per_task", attempts = 3)]
async fn send(upload: Upload) -> Result<usize, std::io::Error> {
    Ok(upload.0.len())
}

fn main() {
    let _ = pipeline!(send);
}
