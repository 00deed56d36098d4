use antflow::{pipeline, stage};

#[stage(retry = "per_task")]
async fn send<T>(upload: T) -> Result<usize, std::io::Error> {
    Ok(size_of_val(&upload))
}

fn main() {
    let _ = pipeline!(send::<u32>);
}
