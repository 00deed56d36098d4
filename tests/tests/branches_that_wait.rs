//! A copy waits for room in its own branch, and for no other one.

use std::convert::Infallible;
use std::sync::Arc;

use antflow::{Pipeline, from_fn, stage};
use antflow_tests::{millis, quiet, seconds, values, within};
use tokio::sync::Semaphore;

#[stage(workers = 3)]
async fn enter(n: u32) -> u32 {
    n
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_waits_for_what_another_one_does_gets_it() {
    let done = Arc::new(Semaphore::new(0));
    let wait = Arc::clone(&done);
    let first = from_fn("First", move |n: u32| {
        let wait = Arc::clone(&wait);
        async move {
            // Not before all five have gone through the other branch.
            let all = wait.acquire_many(5).await.expect("it is never closed");
            drop(all);
            Ok::<_, Infallible>(n)
        }
    });
    let second = from_fn("Second", move |n: u32| {
        let done = Arc::clone(&done);
        async move {
            tokio::time::sleep(millis(1)).await;
            done.add_permits(1);
            Ok::<_, Infallible>(n)
        }
    });
    let etl = Pipeline::builder()
        .stage(enter {})
        .tee(|start| (start.stage(first.queue(1)), start.stage(second.queue(1))));
    let results = values(within(etl.run(1..=5)).await.unwrap());
    assert!(results.iter().all(|(a, b)| a.is_ok() && b.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_full_branch_does_not_hold_up_what_another_one_has_room_for() {
    let slow = from_fn("Slow", async |n: u32| {
        tokio::time::sleep(seconds(1)).await;
        Ok::<_, Infallible>(n)
    });
    let fast = from_fn("Fast", async |n: u32| {
        tokio::time::sleep(millis(1)).await;
        Ok::<_, Infallible>(n)
    });
    let etl = Pipeline::builder()
        .stage(enter {})
        .tee(|start| (start.stage(slow.queue(1)), start.stage(fast.queue(1))));
    let run = etl.start().unwrap();
    run.feed(1..=5).await.unwrap();
    tokio::time::sleep(millis(10)).await;
    // Two in the slow branch, and one in the hand of each of three workers: all of them are through with the fast one.
    assert_eq!(run.stats().stage_stats[2].completed_items, 5);
    quiet().await;
    assert_eq!(within(run.join()).await.len(), 5);
}
