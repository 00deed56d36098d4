//! A batch goes on as it is when nothing more can come to it, also where parts of items wait in it.

use std::time::Duration;

use antflow::{Pipeline, stage};
use antflow_tests::{millis, seconds, values, within};
use tokio::time::Instant;

#[stage]
async fn enter(n: u32) -> u32 {
    n
}

#[stage]
async fn other(n: u32) -> u32 {
    n
}

/// Takes as many milliseconds as the number says.
#[stage(workers = 5)]
async fn late(n: u32) -> u32 {
    tokio::time::sleep(millis(n.into())).await;
    n
}

/// The size of its batch for each number.
#[stage]
async fn sizes(batch: Vec<u32>) -> Vec<usize> {
    vec![batch.len(); batch.len()]
}

#[tokio::test(start_paused = true)]
async fn parts_do_not_wait_for_others_that_cannot_come() {
    let began = Instant::now();
    let etl = Pipeline::builder().stage(enter {}).flat_map(|n| 0..n);
    let etl = etl.batch(100, Duration::MAX, sizes {});
    let results = values(within(etl.run([3, 2])).await.unwrap());
    let sizes = results.into_iter().flatten().map(|part| part.unwrap());
    assert_eq!(sizes.collect::<Vec<_>>(), [5; 5]);
    assert_eq!(began.elapsed(), seconds(0));
}

#[tokio::test(start_paused = true)]
async fn a_copy_waits_for_nothing_but_those_that_are_on_their_way() {
    let began = Instant::now();
    let etl = Pipeline::builder().stage(enter {}).tee(|start| {
        let batched = start.stage(late {}).batch(100, Duration::MAX, sizes {});
        (batched, start.stage(other {}))
    });
    let results = values(within(etl.run([3, 20])).await.unwrap());
    let sizes = results.into_iter().map(|(size, _)| size.unwrap());
    assert_eq!(sizes.collect::<Vec<_>>(), [2, 2]);
    assert_eq!(began.elapsed(), millis(20));
}

#[tokio::test(start_paused = true)]
async fn parts_of_parts_that_were_let_go_are_not_waited_for() {
    let began = Instant::now();
    let etl = Pipeline::builder().stage(enter {}).flat_map(|n| 0..n);
    let etl = etl.stage(late {}).flat_map(|n| 0..n).filter(|n| *n > 1);
    let etl = etl.batch(4, Duration::MAX, sizes {});
    let results = values(within(etl.run([5])).await.unwrap());
    let parts = results.into_iter().flatten().map(|part| part.unwrap());
    let sizes = parts.flatten().map(|part| part.unwrap());
    assert_eq!(sizes.flatten().collect::<Vec<_>>(), [3, 3, 3]);
    assert_eq!(began.elapsed(), millis(4));
}
