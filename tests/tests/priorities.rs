//! Lower numbers go first, equals in the order in which they came, in the queue of every stage and after a retry.

use antflow::{
    DEFAULT_PRIORITY, Item, OnWait, Pipeline, Retry, State, TaskContext, from_fn, pipeline, stage,
};
use antflow_tests::{Boom, Log, millis, quiet, seconds, values, within};

/// Notes the priorities of its items, a second for each.
#[stage(queue = 100)]
async fn desk(item: u64, cx: &TaskContext, seen: State<Log<(String, i32)>>) -> u64 {
    seen.push((cx.stage().to_owned(), cx.priority()));
    tokio::time::sleep(seconds(1)).await;
    item
}

fn priorities(seen: &Log<(String, i32)>, stage: &str) -> Vec<i32> {
    let seen = seen.entries().into_iter();
    let of_stage = seen.filter(|(name, _)| name == stage);
    of_stage.map(|(_, priority)| priority).collect()
}

#[tokio::test(start_paused = true)]
async fn behind_a_busy_worker_the_most_urgent_goes_first() {
    let seen = Log::new();
    let run = pipeline!(desk).with_state(seen.clone()).start().unwrap();
    run.feed([0]).await.unwrap();
    quiet().await;
    for priority in [500, 100, 10, 0] {
        run.feed([Item::new(1).priority(priority)]).await.unwrap();
    }
    within(run.join()).await;
    assert_eq!(
        priorities(&seen, "Desk"),
        [DEFAULT_PRIORITY, 0, 10, 100, 500]
    );
}

#[tokio::test(start_paused = true)]
async fn any_number_is_a_priority() {
    let seen = Log::new();
    let run = pipeline!(desk).with_state(seen.clone()).start().unwrap();
    run.feed([0]).await.unwrap();
    quiet().await;
    let numbers = [i32::MAX, 101, 99, -5, i32::MIN, 100];
    run.feed(numbers.map(|n| Item::new(1).priority(n)))
        .await
        .unwrap();
    within(run.join()).await;
    assert_eq!(
        priorities(&seen, "Desk")[1..],
        [i32::MIN, -5, 99, 100, 101, i32::MAX]
    );
}

#[tokio::test(start_paused = true)]
async fn inside_one_priority_it_is_first_in_first_out() {
    let order = Log::new();
    let log = order.clone();
    let stage = from_fn("Desk", move |item: u64| {
        log.push(item);
        async move {
            tokio::time::sleep(seconds(1)).await;
            Ok::<_, Boom>(item)
        }
    });
    let run = Pipeline::builder().stage(stage.queue(100)).start().unwrap();
    let item = |n: u64| Item::new(n).priority([50, 100, 700][usize::try_from(n % 3).unwrap()]);
    within(run.feed((0..30).map(item))).await.unwrap();
    within(run.join()).await;
    let expected = (0..3).flat_map(|lane| (0..10).map(move |n| lane + 3 * n));
    assert_eq!(order.entries(), expected.collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn the_priority_is_kept_from_stage_to_stage() {
    let seen = Log::new();
    let etl =
        pipeline!(desk.named("A").workers(6) >> desk.named("B") >> desk.named("C").workers(6));
    let run = etl.with_state(seen.clone()).start().unwrap();
    for priority in [100, 500, 300, 100, 10, 0] {
        run.feed([Item::new(1).priority(priority)]).await.unwrap();
        quiet().await;
    }
    within(run.join()).await;
    assert_eq!(priorities(&seen, "A"), [100, 500, 300, 100, 10, 0]);
    // The first finds the worker of B idle, the others wait for it together.
    assert_eq!(priorities(&seen, "B"), [100, 0, 10, 100, 300, 500]);
    assert_eq!(priorities(&seen, "C"), [100, 0, 10, 100, 300, 500]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_comes_back_with_its_priority() {
    for on_wait in [OnWait::Hold, OnWait::Release] {
        let order = Log::new();
        let log = order.clone();
        let stage = from_fn("Desk", move |item: u64| {
            let first = !log.entries().contains(&item);
            log.push(item);
            async move {
                tokio::time::sleep(seconds(1)).await;
                if first && item == 5 {
                    Err(Boom(item))
                } else {
                    Ok(item)
                }
            }
        });
        let retry = Retry::per_stage().wait(millis(10)).on_wait(on_wait);
        let etl = Pipeline::builder().stage(stage.queue(100).retry(retry));
        let run = etl.start().unwrap();
        run.feed([Item::new(5).priority(1)]).await.unwrap();
        run.feed((10..14).map(|n| Item::new(n).priority(200)))
            .await
            .unwrap();
        assert_eq!(values(within(run.join()).await), [5, 10, 11, 12, 13]);
        let expected = match on_wait {
            OnWait::Hold => [5, 5, 10, 11, 12, 13],
            // While it waited, the worker took one of the others.
            OnWait::Release => [5, 10, 5, 11, 12, 13],
        };
        assert_eq!(order.entries(), expected, "{on_wait:?}");
    }
}

#[stage(queue = 100)]
async fn expand(item: u64, cx: &TaskContext, seen: State<Log<u64>>) -> Result<u64, Boom> {
    seen.push(item);
    if item == 0 {
        let urgent = Item::new(100).priority(-1);
        let late = Item::new(200).priority(1000);
        cx.feed_at::<expand>([late, urgent])
            .await
            .map_err(|_| Boom(0))?;
    }
    tokio::time::sleep(seconds(1)).await;
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn what_a_task_feeds_has_a_priority_of_its_own() {
    let seen = Log::new();
    let run = pipeline!(expand).with_state(seen.clone()).start().unwrap();
    within(run.feed(0..4)).await.unwrap();
    within(run.join()).await;
    assert_eq!(seen.entries(), [0, 100, 1, 2, 3, 200]);
}
