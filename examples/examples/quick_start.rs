//! A first pipeline: two stages, a retry, and failures in their places.

use antflow::{pipeline, stage};

// ANCHOR: stages
/// A line of an order.
#[derive(Debug, Clone)]
struct Line {
    fruit: String,
    pieces: u32,
}

#[derive(Debug, thiserror::Error)]
#[error("no number of pieces in `{0}`")]
struct BadLine(String);

#[derive(Debug, thiserror::Error)]
#[error("no price for `{0}`")]
struct NoPrice(String);

/// Reads a line such as `3 apples`.
#[stage(workers = 2)]
async fn parse(text: String) -> Result<Line, BadLine> {
    let line = text.split_once(' ').and_then(|(pieces, fruit)| {
        let (pieces, fruit) = (pieces.parse().ok()?, fruit.to_owned());
        Some(Line { fruit, pieces })
    });
    line.ok_or(BadLine(text))
}

/// Looks up the price; somewhere else, this would be a request.
#[stage(workers = 4, retry = "per_task", attempts = 3, wait = "10ms")]
async fn price(line: Line) -> Result<u32, NoPrice> {
    match line.fruit.as_str() {
        "apples" => Ok(line.pieces * 2),
        "melons" => Ok(line.pieces * 5),
        _ => Err(NoPrice(line.fruit)),
    }
}
// ANCHOR_END: stages

// ANCHOR: run
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let order = ["3 apples", "some pears", "1 melons", "2 durians"];
    let checkout = pipeline!(parse >> price);

    for result in checkout.run(order.map(String::from)).await? {
        match result.value {
            Ok(cost) => println!("line {}: {cost}", result.sequence_id),
            Err(error) => println!("line {}: {error}", result.sequence_id),
        }
    }
    Ok(())
}
// ANCHOR_END: run
