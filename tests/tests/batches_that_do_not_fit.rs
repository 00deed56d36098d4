//! What a stage gives for a batch of items must be of as many; else all of them fail, and nothing is lost.

use std::convert::Infallible;

use antflow::{BoxError, Hooks, PerItem, Pipeline, TaskContext, from_fn, stage};
use antflow_tests::{Outcome, Recorder, outcomes, panic_quietly, seconds, within};

#[stage]
async fn enter(n: u32) -> u32 {
    n
}

/// Skips batches whose first number is even, with one value for all of them.
struct OneForAll;

impl Hooks<Vec<u32>, Vec<u32>> for OneForAll {
    async fn skip(&self, _: &TaskContext, input: Vec<u32>) -> Result<Vec<u32>, Vec<u32>> {
        if input[0].is_multiple_of(2) {
            Ok(vec![7])
        } else {
            Err(input)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_skipped_has_a_value_for_each_item() {
    let recorder = Recorder::new();
    let save = from_fn("Save", async |batch: Vec<u32>| Ok::<_, Infallible>(batch));
    let etl = Pipeline::builder().stage(enter {});
    let etl = etl.batch(2, seconds(1), save.hooks(OneForAll));
    let run = etl.observe(recorder.clone()).start().unwrap();
    run.feed([2, 3, 5, 8]).await.unwrap();
    let results = within(run.join()).await;
    use Outcome::{Completed, Failed};
    assert_eq!(outcomes(&results), [Failed, Failed, Completed, Completed]);
    let error = results[0].error().unwrap();
    assert!(
        error.to_string().contains("had 2 items, and 1 values"),
        "{error}"
    );
    assert_eq!(
        recorder.status_lines(1)[3..],
        [
            "Save queued",
            "Save in_progress Save-W0",
            "Save failed Save-W0"
        ]
    );
}

/// Skips all batches, of which the even numbers fail.
struct EvenFail;

impl Hooks<Vec<u32>, PerItem<u32>> for EvenFail {
    async fn skip(&self, _: &TaskContext, input: Vec<u32>) -> Result<PerItem<u32>, Vec<u32>> {
        let one = |n| {
            if n % 2 == 0 {
                Err(BoxError::from("even"))
            } else {
                Ok(n)
            }
        };
        Ok(input.into_iter().map(one).collect())
    }
}

#[tokio::test(start_paused = true)]
async fn single_items_fail_of_a_batch_that_is_skipped() {
    let recorder = Recorder::new();
    let save = async |_: Vec<u32>| Err::<PerItem<u32>, _>(BoxError::from("it is skipped"));
    let save = from_fn("Save", save).hooks(EvenFail);
    let etl = Pipeline::builder()
        .stage(enter {})
        .batch(2, seconds(1), save);
    let run = etl.observe(recorder.clone()).start().unwrap();
    run.feed([1, 2, 4, 6]).await.unwrap();
    let results = within(run.join()).await;
    use Outcome::{Completed, Failed};
    assert_eq!(outcomes(&results), [Completed, Failed, Failed, Failed]);
    assert_eq!(results[0].value.as_ref().ok(), Some(&1));
    assert_eq!(
        recorder.status_lines(0)[3..],
        ["Save queued", "Save skipped Save-W0"]
    );
    assert_eq!(
        recorder.status_lines(1)[3..],
        [
            "Save queued",
            "Save in_progress Save-W0",
            "Save failed Save-W0"
        ]
    );
}

/// Panics when it is dropped.
struct Brittle;

impl Drop for Brittle {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_quietly("dropped");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn values_that_fit_nowhere_may_panic_when_they_are_dropped() {
    let save = async |batch: Vec<u32>| {
        let one = |n: u32| if n > 1 { Some(Brittle) } else { None };
        Ok::<_, Infallible>(if batch.len() > 1 {
            vec![one(batch[0])]
        } else {
            vec![None]
        })
    };
    let etl = Pipeline::builder().stage(enter {});
    let etl = etl.batch(2, seconds(1), from_fn("Save", save));
    let run = etl.start().unwrap();
    run.feed([2, 3, 1, 5, 0]).await.unwrap();
    let view = run.view();
    let results = within(run.join()).await;
    use Outcome::{Completed, Failed};
    assert_eq!(
        outcomes(&results),
        [Failed, Failed, Failed, Failed, Completed]
    );
    assert_eq!(view.stats().observer_panics, 1);
}
