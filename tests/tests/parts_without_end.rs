//! What an item is divided into may have no end: others have their turn, and the run can be shut down.

use antflow::{Pipeline, stage};
use antflow_tests::{Outcome, outcome, within};

#[stage]
async fn enter(n: u64) -> u64 {
    n
}

#[stage]
async fn pass(n: u64) -> u64 {
    n
}

#[tokio::test(start_paused = true)]
async fn parts_that_are_let_go_need_no_room() {
    let etl = Pipeline::builder().stage(enter {}).flat_map(|n| n..);
    let run = etl.filter(|_| false).stage(pass {}).start().unwrap();
    run.feed([0, 1]).await.unwrap();
    // As if they were busy for long.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let results = within(run.shutdown()).await;
    let parts = results[0].value.as_ref().expect("it was divided");
    assert!(parts.len() > 1024, "{}", parts.len());
    assert!(parts.last().is_some_and(Result::is_err));
    assert_eq!(outcome(&results[1]), Outcome::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn all_parts_come_to_the_end_however_many_turns_they_take() {
    let etl = Pipeline::builder().stage(enter {}).flat_map(|n| 0..n);
    let etl = etl.flat_map(|n| std::iter::repeat_n(n, 2));
    let results = within(etl.run([1024, 3000])).await.unwrap();
    for (result, count) in results.into_iter().zip([1024, 3000]) {
        let parts = result.value.unwrap().into_iter().map(Result::unwrap);
        let values = parts.flatten().map(Result::unwrap);
        assert!(values.eq((0..count).flat_map(|n| [n, n])));
    }
}
