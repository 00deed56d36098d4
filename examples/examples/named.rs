//! A pipeline with a name: a type to put into an API, which knows its stages and draws itself.

use antflow::{BoxError, pipeline, stage, task};

/// Splits a line of an order into its fields.
#[stage(workers = 2)]
async fn parse(line: &str) -> Result<(String, u32), BoxError> {
    let (name, count) = line.split_once(' ').ok_or("two words are needed")?;
    Ok((name.to_owned(), count.parse()?))
}

#[task]
async fn check(name: String, count: u32) -> Result<(String, u32), String> {
    if count == 0 {
        return Err(format!("nobody orders no {name}"));
    }
    Ok((name, count))
}

#[task]
async fn price(_name: String, count: u32) -> u32 {
    count * 50
}

#[stage(retry = "per_stage", attempts = 3, wait = "1ms")]
struct Quote(check, price);

pipeline! {
    /// Prices of orders, in cents.
    pub Quotes: String => u32 = parse >> Quote.queue(100);
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // Nothing has to run for this: it is known when the program is compiled.
    print!("{}", Quotes::GRAPH.to_mermaid());
    for stage in Quotes::GRAPH.stages() {
        println!(
            "{}: {:?}",
            stage.name(),
            stage.settings().collect::<Vec<_>>()
        );
    }

    let orders = ["apples 3", "pears 0"].map(String::from);
    for result in Quotes::new().run(orders).await? {
        match result.value {
            Ok(cents) => println!("{cents} cents"),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}
