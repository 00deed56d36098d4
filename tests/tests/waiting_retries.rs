//! What a worker does while an item waits for its next attempt: it waits too, or takes other items.

use antflow::{OnWait, Pipeline, Retry, State, TaskContext, from_fn, pipeline, stage, task};
use antflow_tests::{Boom, Gauge, Log, millis, quiet, seconds, values, within};
use tokio::time::Instant;

type Seen = Log<(u64, u64)>;

/// The item 0 fails in its first attempt. Notes the items with the seconds at which they came.
fn first_fails(
    seen: &Seen,
    retry: Retry,
) -> Pipeline<impl antflow::Launch<(), Input = u64, Output = u64> + use<>> {
    let (log, start) = (seen.clone(), Instant::now());
    let stage = from_fn("One", move |item: u64| {
        let first = log.entries().iter().all(|(known, _)| *known != item);
        log.push((item, start.elapsed().as_secs()));
        async move {
            tokio::time::sleep(seconds(1)).await;
            if item == 0 && first {
                Err(Boom(item))
            } else {
                Ok(item)
            }
        }
    });
    Pipeline::builder().stage(stage.retry(retry.wait(seconds(10))))
}

#[tokio::test(start_paused = true)]
async fn a_held_worker_waits_with_its_item() {
    for retry in [Retry::per_task(), Retry::per_stage()] {
        let seen = Seen::new();
        let results = within(first_fails(&seen, retry).run(0..4)).await.unwrap();
        assert_eq!(values(results), [0, 1, 2, 3]);
        let mut entries = seen.entries();
        assert_eq!(entries.remove(0), (0, 0));
        // Nothing else came in the meantime; under `per_stage` the item went to the back of the queue.
        assert!(entries.iter().all(|(_, at)| *at >= 11), "{entries:?}");
        assert_eq!(entries.len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_released_worker_takes_other_items_in_the_meantime() {
    for retry in [Retry::per_task(), Retry::per_stage()] {
        let seen = Seen::new();
        let etl = first_fails(&seen, retry.on_wait(OnWait::Release));
        let results = within(etl.run(0..4)).await.unwrap();
        assert_eq!(values(results), [0, 1, 2, 3]);
        assert_eq!(seen.entries(), [(0, 0), (1, 1), (2, 2), (3, 3), (0, 11)]);
    }
}

#[tokio::test(start_paused = true)]
async fn hold_is_the_default() {
    assert_eq!(Retry::per_task(), Retry::per_task().on_wait(OnWait::Hold));
    assert_eq!(Retry::per_stage(), Retry::per_stage().on_wait(OnWait::Hold));
    assert_eq!(OnWait::default(), OnWait::Hold);
}

#[tokio::test(start_paused = true)]
async fn stats_tell_a_held_item_from_a_released_one() {
    for (on_wait, in_progress) in [(OnWait::Hold, 2), (OnWait::Release, 0)] {
        let stage = from_fn("Refuse", async |item: u64| Err::<u64, _>(Boom(item)));
        let retry = Retry::per_stage().wait(seconds(10)).on_wait(on_wait);
        let etl = Pipeline::builder().stage(stage.workers(2).retry(retry));
        let run = etl.start().unwrap();
        within(run.feed(0..2)).await.unwrap();
        quiet().await;
        let stats = run.stats();
        assert_eq!(stats.stage_stats[0].in_progress_items, in_progress);
        assert_eq!(stats.stage_stats[0].pending_items, 0);
        assert_eq!(stats.stage_stats[0].retries, 2);
        assert_eq!(stats.items_in_flight, 2);
        assert_eq!(within(run.join()).await.len(), 2);
        assert_eq!(run.stats().stage_stats[0].retries, 4);
    }
}

#[tokio::test(start_paused = true)]
async fn any_number_of_released_items_waits_at_once() {
    let seen = Gauge::new();
    let gauge = seen.clone();
    let stage = from_fn("Flaky", move |item: u64| {
        drop(gauge.enter());
        let first = gauge.total() <= 1000;
        async move { if first { Err(Boom(item)) } else { Ok(item) } }
    });
    let retry = Retry::per_task().wait(seconds(60)).on_wait(OnWait::Release);
    let etl = Pipeline::builder().stage(stage.queue(3).retry(retry));
    let run = etl.start().unwrap();
    let start = Instant::now();
    within(run.feed(0..1000)).await.unwrap();
    quiet().await;
    assert_eq!(run.stats().items_in_flight, 1000);
    assert_eq!(
        values(within(run.join()).await),
        (0..1000).collect::<Vec<_>>()
    );
    assert_eq!(start.elapsed().as_secs(), 60);
    assert_eq!(seen.total(), 2000);
}

#[task]
async fn prepare(item: u64, made: State<Gauge>) -> u64 {
    drop(made.enter());
    item + 100
}

#[task]
async fn finish(item: u64, cx: &TaskContext) -> Result<(u64, usize), Boom> {
    if cx.attempt() < 3 {
        Err(Boom(item))
    } else {
        Ok((item, cx.worker().index()))
    }
}

#[stage(workers = 2, retry = "per_task", on_wait = "release", wait = "5s")]
struct Relay(prepare, finish);

#[tokio::test(start_paused = true)]
async fn a_released_item_takes_what_was_made_of_it_along() {
    let made = Gauge::new();
    let results = within(pipeline!(Relay).with_state(made.clone()).run(0..10)).await;
    let values = values(results.unwrap());
    let items: Vec<_> = values.iter().map(|(item, _)| *item).collect();
    assert_eq!(items, (100..110).collect::<Vec<_>>());
    assert_eq!(made.total(), 10, "the first task ran again");
    assert!(values.iter().all(|(_, worker)| *worker < 2));
}

#[tokio::test(start_paused = true)]
async fn a_released_item_goes_to_whoever_is_free() {
    let workers = Log::new();
    #[stage(
        workers = 2,
        retry = "per_task",
        attempts = 2,
        wait = "5s",
        on_wait = "release"
    )]
    async fn wander(
        item: u64,
        cx: &TaskContext,
        workers: State<Log<(u64, usize)>>,
    ) -> Result<u64, Boom> {
        workers.push((item, cx.worker().index()));
        if item == 0 && cx.attempt() == 1 {
            return Err(Boom(0));
        }
        tokio::time::sleep(seconds(60)).await;
        Ok(item)
    }
    let run = pipeline!(wander)
        .with_state(workers.clone())
        .start()
        .unwrap();
    run.feed([0]).await.unwrap();
    tokio::time::sleep(millis(100)).await;
    let first = workers.entries()[0].1;
    // The worker of the first attempt gets something else to do, and maybe the other one too.
    run.feed([1, 2]).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(values(results), [0, 1, 2]);
    let entries = workers.entries();
    assert_eq!(entries.len(), 4);
    assert_eq!(
        entries[3].0, 0,
        "it came back behind the others: {entries:?}"
    );
    assert!(
        entries[1..3].iter().any(|(_, worker)| *worker == first),
        "{entries:?}"
    );
}
