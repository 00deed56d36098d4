use antflow::{pipeline, stage, task};

struct Upload(Vec<u8>);

#[task]
async fn read(path: String) -> Result<Upload, std::io::Error> {
    Ok(Upload(path.into()))
}

#[task]
async fn send(upload: Upload) -> Result<usize, std::io::Error> {
    Ok(upload.0.len())
}

#[stage(retry = "per_task", attempts = 3)]
struct Copy(read, send);

fn main() {
    let _ = pipeline!(Copy);
}
