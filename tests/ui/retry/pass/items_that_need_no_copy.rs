//! An item by reference is retried as it is; under `per_stage` only the first task's item is kept.
#![deny(warnings)]

use std::io;

use antflow::{pipeline, stage, task};

struct Upload(Vec<u8>);

#[stage(retry = "per_task", attempts = 3)]
async fn send(upload: &Upload) -> io::Result<usize> {
    Ok(upload.0.len())
}

#[task]
async fn read(path: String) -> io::Result<Upload> {
    Ok(Upload(path.into()))
}

#[task]
async fn write(upload: Upload) -> io::Result<usize> {
    Ok(upload.0.len())
}

#[stage(retry = "per_stage", attempts = 3)]
struct Copy(read, write);

fn main() {
    let _ = pipeline!(Copy);
    let _ = pipeline!(send);
}
