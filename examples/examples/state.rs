//! Shared state, and stages that are set differently for one use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use antflow::{BoxError, FromRef, State, pipeline, stage};

/// What the stages share. Each of them asks for the part that it needs.
struct App {
    prices: Prices,
    sold: Arc<AtomicU64>,
}

#[derive(Clone)]
struct Prices(Arc<[(&'static str, u64)]>);

impl FromRef<App> for Prices {
    fn from_ref(app: &App) -> Self {
        app.prices.clone()
    }
}

impl FromRef<App> for Arc<AtomicU64> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.sold)
    }
}

#[stage(workers = 2)]
async fn price(fruit: &'static str, State(prices): State<Prices>) -> Result<u64, String> {
    let price = prices.0.iter().find(|(name, _)| *name == fruit);
    price
        .map(|(_, cents)| *cents)
        .ok_or_else(|| format!("no price for {fruit}"))
}

#[stage]
async fn sell(cents: u64, State(sold): State<Arc<AtomicU64>>) -> u64 {
    sold.fetch_add(cents, Ordering::Relaxed);
    cents
}

#[stage]
async fn add_tip(cents: u64) -> u64 {
    cents + 10
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let sold = Arc::new(AtomicU64::new(0));
    let app = App {
        prices: Prices([("apple", 50), ("melon", 300)].into()),
        sold: Arc::clone(&sold),
    };

    // Settings of the attribute are changed for this pipeline alone. A stage that is used twice needs two names.
    let shop =
        pipeline!(price.workers(8).queue(100) >> add_tip >> add_tip.named("SecondTip") >> sell)
            .with_state(app);
    println!("{}", shop.stage_names().join(", "));
    println!("workers of Price: {}", shop.worker_names()["Price"].len());

    for result in shop.run(["apple", "durian", "melon"]).await? {
        match result.value {
            Ok(cents) => println!("sold for {cents}"),
            Err(error) => println!("{error}"),
        }
    }
    println!("in all: {}", sold.load(Ordering::Relaxed));
    Ok(())
}
