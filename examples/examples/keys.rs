//! How do the payments of one account stay in their order, while other accounts go on?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use antflow::{BoxError, State, TaskContext, pipeline, stage};

#[derive(Clone)]
struct Payment {
    account: &'static str,
    cents: i64,
}

fn account(payment: &Payment) -> &'static str {
    payment.account
}

type Statements = Arc<Mutex<Vec<(&'static str, i64)>>>;

/// Eight payments at a time, but one of an account, until it is booked or has failed.
#[stage(workers = 8, retry = "per_task", attempts = 3, wait = "10ms", key = account)]
async fn book(
    payment: &Payment,
    cx: &TaskContext,
    State(statements): State<Statements>,
) -> Result<i64, BoxError> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    if payment.cents < 0 && cx.attempt() == 1 {
        return Err("the bank is busy".into());
    }
    let mut statements = statements.lock().unwrap_or_else(PoisonError::into_inner);
    statements.push((payment.account, payment.cents));
    Ok(payment.cents)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let statements = Statements::default();
    let payments = (1..=4).flat_map(|number| {
        let cents = if number == 2 { -100 } else { number * 100 };
        ["ann", "bob", "eve"].map(|account| Payment { account, cents })
    });
    let etl = pipeline!(book).with_state(Arc::clone(&statements));
    let results = etl.run(payments).await?;

    println!("booked: {}", results.len());
    let statements = statements.lock().unwrap_or_else(PoisonError::into_inner);
    for account in ["ann", "bob", "eve"] {
        let of_account = statements.iter().filter(|(name, _)| *name == account);
        let cents: Vec<_> = of_account.map(|(_, cents)| cents.to_string()).collect();
        println!("{account}: {}", cents.join(", "));
    }
    Ok(())
}
