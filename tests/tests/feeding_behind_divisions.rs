//! An item that is fed behind the place where others are divided is the one part that it would have been there.

use antflow::{ItemError, Pipeline, stage};
use antflow_tests::{values, within};

#[stage]
async fn enter(n: u32) -> u32 {
    n
}

#[stage]
async fn middle(n: u32) -> u32 {
    n
}

#[stage]
async fn half(n: u32) -> u32 {
    n / 2
}

#[stage]
async fn double(n: u32) -> u32 {
    n * 2
}

#[stage]
async fn last(n: u32) -> u32 {
    n + 1
}

fn fine<T>(parts: Vec<Result<T, ItemError>>) -> Vec<T> {
    parts
        .into_iter()
        .map(|part| part.expect("all is well"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn between_two_divisions_only_the_second_one_divides_it() {
    let etl = Pipeline::builder().stage(enter {}).flat_map(|n| 0..n);
    let etl = etl.filter(|n| *n > 0).stage(middle {});
    let run = etl.flat_map(|n| 0..n).filter(|n| *n != 1).start().unwrap();
    run.feed_at::<middle>([3]).await.unwrap();
    run.feed([3]).await.unwrap();
    let mut results = values(within(run.join()).await).into_iter();
    let parts: Vec<_> = fine(results.next().unwrap());
    let parts: Vec<_> = parts.into_iter().map(|part| part.map(fine)).collect();
    assert_eq!(parts, [Some(vec![Some(0), None, Some(2)])]);
    let parts: Vec<_> = fine(results.next().unwrap());
    let parts: Vec<_> = parts.into_iter().map(|part| part.map(fine)).collect();
    assert_eq!(
        parts,
        [None, Some(vec![Some(0)]), Some(vec![Some(0), None])]
    );
}

#[tokio::test(start_paused = true)]
async fn in_front_of_branches_it_goes_to_all_of_them() {
    let etl = Pipeline::builder().stage(enter {}).flat_map(|n| 0..n);
    let etl = etl.stage(middle {});
    let run = etl.tee(|start| (start.stage(half {}), start.stage(double {})));
    let run = run.start().unwrap();
    run.feed_at::<middle>([5]).await.unwrap();
    let mut results = values(within(run.join()).await);
    let (half, double) = fine(results.remove(0)).remove(0);
    assert_eq!((half.ok(), double.ok()), (Some(2), Some(10)));
}

#[tokio::test(start_paused = true)]
async fn in_front_of_branches_that_come_together_it_goes_to_all_of_them() {
    let etl = Pipeline::builder().stage(enter {}).flat_map(|n| 0..n);
    let etl = etl.stage(middle {}).tee(|start| {
        let divided = start.stage(half {}).flat_map(|n| 0..n);
        (divided, start.stage(double {}))
    });
    let run = etl.merge(last {}).flat_map(|n| 0..n).start().unwrap();
    run.feed_at::<middle>([4]).await.unwrap();
    let mut results = values(within(run.join()).await);
    let (half, double) = fine(results.remove(0)).remove(0);
    let half: Vec<_> = fine(half.unwrap()).into_iter().map(fine).collect();
    assert_eq!(half, [vec![0], vec![0, 1]]);
    assert_eq!(fine(double.unwrap()).len(), 9);
}
