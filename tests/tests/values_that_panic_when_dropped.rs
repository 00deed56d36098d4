//! A value whose `Drop` panics while a run is cut off keeps no other item from its outcome.

use std::convert::Infallible;
use std::future::pending;

use antflow::{Pipeline, PipelineResult, from_fn};
use antflow_tests::{Outcome, count, outcomes, panic_quietly, quiet, seconds, within};

/// Panics when it is dropped, if it is 0.
#[derive(Clone)]
struct Brittle(u32);

impl Drop for Brittle {
    fn drop(&mut self) {
        if self.0 == 0 && !std::thread::panicking() {
            panic_quietly("dropped");
        }
    }
}

const ITEMS: [u32; 6] = [1, 0, 1, 0, 0, 1];

async fn make(n: u32) -> Result<Brittle, Infallible> {
    Ok(Brittle(n))
}

/// Never comes to an end with an item.
macro_rules! stuck {
    ($name:expr) => {
        from_fn($name, async |one: Brittle| {
            pending::<()>().await;
            Ok::<_, Infallible>(one)
        })
    };
}

fn all_cancelled<T>(results: &[PipelineResult<T>]) {
    assert_eq!(outcomes(results), [Outcome::Cancelled; ITEMS.len()]);
}

#[tokio::test(start_paused = true)]
async fn in_a_queue() {
    let etl = Pipeline::builder().stage(from_fn("Make", make));
    let run = etl.stage(stuck!("Stuck").queue(2)).start().unwrap();
    run.feed(ITEMS).await.unwrap();
    quiet().await;
    all_cancelled(&within(run.shutdown()).await);
}

#[tokio::test(start_paused = true)]
async fn in_a_batch_that_is_not_made_up() {
    let save = from_fn("Save", async |batch: Vec<Brittle>| {
        Ok::<_, Infallible>(batch)
    });
    let etl = Pipeline::builder().stage(from_fn("Make", make));
    let run = etl.batch(100, seconds(60), save).start().unwrap();
    run.feed(ITEMS).await.unwrap();
    quiet().await;
    let results = within(run.shutdown()).await;
    let errors = results.iter().filter_map(PipelineResult::error);
    let known: Vec<_> = errors
        .map(|error| (error.stage(), error.attempts()))
        .collect();
    assert_eq!(
        known,
        [("Save", 0); ITEMS.len()],
        "it has not begun with them"
    );
    all_cancelled(&results);
}

#[tokio::test(start_paused = true)]
async fn among_copies_for_branches_that_are_full() {
    let make = from_fn("Make", make).workers(2).queue(6);
    let etl = Pipeline::builder().stage(make).tee(|start| {
        let stuck = |name| stuck!(name).queue(1);
        (
            start.stage(stuck("A")),
            start.stage(stuck("B")),
            start.stage(stuck("C")),
        )
    });
    let run = etl.start().unwrap();
    run.feed(ITEMS).await.unwrap();
    quiet().await;
    let results = within(run.shutdown()).await;
    let parts = results.into_iter().filter_map(|result| result.value.ok());
    let parts: Vec<_> = parts.collect();
    assert_eq!(
        parts.len(),
        4,
        "two are in the branches, and two on their way there"
    );
    for (a, b, c) in parts {
        for part in [a, b, c] {
            assert!(part.is_err_and(|error| error.is_cancelled()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn among_parts_that_are_not_taken_in() {
    let make = from_fn("Count", async |n: usize| Ok::<_, Infallible>(n));
    let etl = Pipeline::builder()
        .stage(make)
        .flat_map(|n| ITEMS.map(Brittle).into_iter().take(n));
    let run = etl.stage(stuck!("Stuck").queue(1)).start().unwrap();
    run.feed([6, 6]).await.unwrap();
    quiet().await;
    let results = within(run.shutdown()).await;
    assert_eq!(results.len(), 2);
    assert_eq!(
        count(&results, Outcome::Cancelled),
        1,
        "one was not divided"
    );
}
