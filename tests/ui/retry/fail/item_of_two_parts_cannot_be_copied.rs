use antflow::{pipeline, stage};

struct Upload(Vec<u8>);

#[stage(retry = "per_task")]
async fn send(name: String, upload: Upload) -> Result<usize, std::io::Error> {
    Ok(name.len() + upload.0.len())
}

fn main() {
    let _ = pipeline!(send);
}
