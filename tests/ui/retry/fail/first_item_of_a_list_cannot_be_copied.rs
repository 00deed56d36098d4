use antflow::{pipeline, stage, task};

struct Upload(Vec<u8>);

#[task]
async fn send(upload: Upload) -> Result<usize, std::io::Error> {
    Ok(upload.0.len())
}

#[task]
async fn note(size: usize) -> usize {
    size
}

#[stage(retry = "per_stage")]
struct Store(send, note);

fn main() {
    let _ = pipeline!(Store);
}
