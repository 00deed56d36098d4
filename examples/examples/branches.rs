//! How do copies of an item go through several branches at once, and come together again?

use std::time::Duration;

use antflow::{BoxError, pipeline, stage};

#[derive(Clone)]
struct Photo {
    name: &'static str,
    pixels: u32,
}

#[stage(workers = 2)]
async fn load(name: &'static str) -> Result<Photo, BoxError> {
    let pixels = match name {
        "dune" => 4000,
        "tree" => 1200,
        _ => return Err("there is no such photo".into()),
    };
    Ok(Photo { name, pixels })
}

#[stage(workers = 4)]
async fn shrink(photo: Photo) -> String {
    tokio::time::sleep(Duration::from_millis(5)).await;
    format!("{} at {}", photo.name, photo.pixels / 10)
}

#[stage(workers = 2)]
async fn print(photo: Photo) -> Result<String, BoxError> {
    if photo.pixels < 2000 {
        return Err("too small to print".into());
    }
    Ok(format!("{} on paper", photo.name))
}

#[stage]
async fn upload(file: String) -> String {
    format!("{file}, uploaded")
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let etl = pipeline!(load >> (shrink & print) >> upload);
    for result in etl.run(["dune", "tree", "lake"]).await? {
        match result.value {
            Ok((small, paper)) => {
                let told = [small, paper].map(|part| match part {
                    Ok(file) => file,
                    Err(error) => format!("failed in {}: {}", error.stage(), error.kind()),
                });
                println!("{}: {}", result.id, told.join("; "));
            }
            Err(error) => println!("{}: {error}", result.id),
        }
    }
    Ok(())
}
