//! A run keeps all results, those of failures, or none.

use antflow::{Collect, PipelineResult, pipeline, stage};
use antflow_tests::{Boom, millis, panic_quietly, within};

#[stage(workers = 3)]
async fn odd(item: u64) -> Result<u64, Boom> {
    // The later ones are ready first.
    tokio::time::sleep(millis(100 - item)).await;
    if item.is_multiple_of(2) {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

fn numbers(results: &[PipelineResult<u64>]) -> Vec<u64> {
    results.iter().map(|result| result.sequence_id).collect()
}

#[tokio::test(start_paused = true)]
async fn failures_alone_come_in_input_order() {
    let failing = pipeline!(odd).collect(Collect::Failures);
    let results = within(failing.run(0..10)).await.unwrap();
    assert_eq!(numbers(&results), [0, 2, 4, 6, 8]);
    assert!(results.iter().all(|result| !result.is_success()));
    // Also through a handle, and where they are taken one by one.
    let run = failing.start().unwrap();
    within(run.feed(0..4)).await.unwrap();
    let first = within(run.next_result()).await.unwrap();
    assert_eq!(
        first.error().unwrap().downcast_ref::<Boom>(),
        Some(&Boom(0))
    );
    assert_eq!(numbers(&within(run.join()).await), [2]);
    assert_eq!(run.stats().items_processed, 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_and_everything_is_counted() {
    let run = pipeline!(odd).collect(Collect::Nothing).start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    assert!(within(run.join()).await.is_empty());
    assert!(within(run.next_result()).await.is_none());
    let stats = run.stats();
    assert_eq!((stats.items_processed, stats.items_failed), (5, 5));
    assert_eq!(run.error_summary().errors_by_type["Boom"], 5);
}

#[tokio::test(start_paused = true)]
async fn what_a_shutdown_cancels_is_a_failure() {
    let run = pipeline!(odd).collect(Collect::Failures).start().unwrap();
    within(run.feed(0..6)).await.unwrap();
    assert_eq!(numbers(&within(run.shutdown()).await), [0, 1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_gives_all_results_in_any_case() {
    let mut results = pipeline!(odd)
        .collect(Collect::Nothing)
        .stream(0..10)
        .unwrap();
    let mut count = 0;
    while within(results.next()).await.is_some() {
        count += 1;
    }
    assert_eq!(count, 10);
}

/// A value that cannot be dropped quietly.
struct Grenade(u64);

impl Drop for Grenade {
    fn drop(&mut self) {
        if self.0 == 3 {
            panic_quietly("dropped");
        }
    }
}

#[stage(workers = 2)]
async fn arm(item: u64) -> Grenade {
    Grenade(item)
}

#[tokio::test(start_paused = true)]
async fn a_value_that_panics_when_it_is_dropped_ends_no_run() {
    for collect in [Collect::Nothing, Collect::Failures] {
        let run = pipeline!(arm).collect(collect).start().unwrap();
        within(run.feed(0..10)).await.unwrap();
        assert!(within(run.join()).await.is_empty());
        assert_eq!(run.stats().items_processed, 10);
    }
}
