use antflow::{pipeline, stage};

// ANCHOR: fix
#[derive(Clone)]
struct Upload(Vec<u8>);
// ANCHOR_END: fix

#[stage(retry = "per_task", attempts = 3)]
async fn send(upload: Upload) -> Result<usize, std::io::Error> {
    Ok(upload.0.len())
}

fn main() {
    let _ = pipeline!(send);
}
