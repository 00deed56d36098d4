//! Two runs at the same time, each with a dashboard: one has the terminal, the other prints lines above it.
//! `cargo run -p antflow-examples --example two_runs -- full progress`
//!
//! What comes behind the second level are more dashboards of the second run. A number is how many images there are.

use std::time::Duration;

use antflow::{BoxError, Detail, TerminalDashboard, pipeline, stage};
use tokio::time::sleep;

#[stage(workers = 4)]
async fn shrink(image: u64) -> Result<u64, BoxError> {
    sleep(Duration::from_millis(20 + image * 7 % 20)).await;
    match image % 50 {
        13 => {
            println!("image {image} has too many colors");
            Err("too many colors".into())
        }
        _ => Ok(image),
    }
}

#[stage(workers = 2)]
async fn count(text: u64) -> u64 {
    sleep(Duration::from_millis(10 + text * 11 % 20)).await;
    text * 3 % 17
}

fn dashboard(level: &str) -> Result<TerminalDashboard, BoxError> {
    Ok(match level {
        "progress" => TerminalDashboard::progress(),
        "compact" => TerminalDashboard::new(Detail::Compact),
        "detailed" => TerminalDashboard::new(Detail::Detailed),
        "full" => TerminalDashboard::new(Detail::Full),
        other => {
            return Err(format!("{other} is none of progress, compact, detailed, full").into());
        }
    })
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments = std::env::args().skip(1);
    let (numbers, levels): (Vec<_>, Vec<_>) =
        arguments.partition(|argument| argument.parse::<u64>().is_ok());
    let many = numbers.first().map_or(Ok(200), |many| many.parse())?;
    let (of_images, of_texts) = match levels.split_first() {
        Some((first, others)) => (first.as_str(), others),
        None => ("compact", &["progress".to_owned()][..]),
    };
    let every = Duration::from_millis(100);
    let images = pipeline!(shrink)
        .run(0..many)
        .custom_dashboard(dashboard(of_images)?)
        .update_every(every);
    let mut texts = pipeline!(count).run(0..100).update_every(every);
    for level in of_texts {
        texts = texts.custom_dashboard(dashboard(level)?);
    }
    let (images, texts) = tokio::join!(images.into_future(), texts.into_future());
    let small = images?.iter().filter(|image| image.is_success()).count();
    println!("{small} images are smaller, {} texts counted", texts?.len());
    Ok(())
}
