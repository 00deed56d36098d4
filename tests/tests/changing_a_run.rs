//! A run is paused, gets more or fewer workers and another rate while it goes on, and loses nothing by it.

use antflow::event::Status;
use antflow::{ControlError, Rate, StatusTracker, TaskContext, pipeline, stage};
use antflow_tests::{Gauge, Log, millis, quiet, seconds, values, within};
use tokio::time::Instant;

#[stage(workers = 2)]
async fn second(item: u64) -> u64 {
    tokio::time::sleep(seconds(1)).await;
    item
}

#[stage(workers = 2)]
async fn double(item: u64) -> u64 {
    item * 2
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_paused_takes_nothing_more() {
    let run = pipeline!(second).start().unwrap();
    within(run.feed(0..6)).await.unwrap();
    quiet().await;
    let stage = run.stage::<second>().unwrap();
    stage.pause();
    assert!(stage.is_paused() && run.stats().stage_stats[0].is_paused);
    tokio::time::sleep(seconds(60)).await;
    let stats = run.stats();
    // What was in the hands of the two workers was finished.
    assert_eq!((stats.items_processed, stats.items_in_flight), (2, 4));
    assert_eq!(stats.stage_stats[0].pending_items, 4);
    stage.resume();
    assert!(!stage.is_paused());
    tokio::time::sleep(millis(2500)).await;
    assert_eq!(run.stats().items_processed, 6);
    assert_eq!(values(within(run.join()).await), [0, 1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn what_is_fed_to_a_paused_run_waits_for_it() {
    let run = pipeline!(double.queue(4) >> second).start().unwrap();
    run.pause();
    assert_eq!(within(run.feed(0..4)).await, Ok(4));
    let mut more = Box::pin(run.feed(4..8));
    let waits = tokio::time::timeout(seconds(60), &mut more).await;
    assert!(waits.is_err(), "there is room for four");
    assert_eq!(run.stats().items_processed, 0);
    run.resume();
    assert_eq!(within(more).await, Ok(4));
    assert_eq!(within(run.join()).await.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_not_paused_by_the_handle_of_another() {
    let etl = pipeline!(second);
    let run = etl.start().unwrap();
    run.pause();
    assert_eq!(within(etl.run(0..4)).await.unwrap().len(), 4);
    within(run.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn a_join_waits_for_what_is_paused_and_a_shutdown_does_not() {
    let run = pipeline!(second).start().unwrap();
    run.pause();
    within(run.feed(0..3)).await.unwrap();
    assert!(tokio::time::timeout(seconds(60), run.join()).await.is_err());
    let results = within(run.shutdown()).await;
    assert_eq!(results.len(), 3);
    assert!(results.iter().all(|result| !result.is_success()));
}

#[tokio::test(start_paused = true)]
async fn one_stage_is_paused_and_the_others_go_on() {
    let run = pipeline!(double >> second).start().unwrap();
    run.stage_named("Second").unwrap().pause();
    within(run.feed(0..5)).await.unwrap();
    quiet().await;
    let stats = run.stats();
    assert_eq!(stats.stage("Double").unwrap().completed_items, 5);
    assert_eq!(stats.stage("Second").unwrap().pending_items, 5);
    run.resume();
    assert_eq!(values(within(run.join()).await), [0, 2, 4, 6, 8]);
}

#[tokio::test(start_paused = true)]
async fn more_workers_begin_at_once() {
    let run = pipeline!(second.queue(20)).start().unwrap();
    within(run.feed(0..12)).await.unwrap();
    quiet().await;
    let stage = run.stage::<second>().unwrap();
    stage.resize(6).unwrap();
    quiet().await;
    let stats = &run.stats().stage_stats[0];
    assert_eq!((stats.workers, stats.in_progress_items), (6, 6));
    assert_eq!(run.worker_states().len(), 6);
    assert_eq!(run.worker_names()["Second"].last().unwrap(), "Second-W5");
    let begun = Instant::now();
    assert_eq!(within(run.join()).await.len(), 12);
    assert_eq!(begun.elapsed().as_secs(), 1, "twelve by six");
}

#[tokio::test(start_paused = true)]
async fn fewer_workers_finish_what_they_have_and_leave() {
    let run = pipeline!(second.workers(6).queue(20)).start().unwrap();
    within(run.feed(0..12)).await.unwrap();
    quiet().await;
    run.stage::<second>().unwrap().resize(2).unwrap();
    assert_eq!(run.stats().stage_stats[0].in_progress_items, 6);
    tokio::time::sleep(millis(1500)).await;
    let stats = run.stats();
    assert_eq!(stats.items_processed, 6);
    let stage = &stats.stage_stats[0];
    assert_eq!((stage.workers, stage.in_progress_items), (2, 2));
    let begun = Instant::now();
    assert_eq!(
        values(within(run.join()).await),
        (0..12).collect::<Vec<_>>()
    );
    assert_eq!(begun.elapsed().as_secs(), 2, "six by two");
}

#[tokio::test(start_paused = true)]
async fn idle_workers_leave_and_come_back_under_their_names() {
    let tracker = StatusTracker::new();
    let run = pipeline!(second.workers(4))
        .observe(tracker.clone())
        .start()
        .unwrap();
    let stage = run.stage::<second>().unwrap();
    for workers in [1, 4, 2, 3] {
        quiet().await;
        stage.resize(workers).unwrap();
        within(run.feed(0..workers as u64)).await.unwrap();
        quiet().await;
        assert_eq!(tracker.by_status(Status::InProgress).len(), workers);
        tokio::time::sleep(seconds(2)).await;
    }
    let events = tracker.by_status(Status::Completed);
    assert!(events.iter().all(|event| event.worker_id().unwrap() < 4));
    let done: u64 = run
        .worker_metrics()
        .iter()
        .map(|worker| worker.items_processed)
        .sum();
    assert_eq!(done, 10);
    within(run.join()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_while_the_pools_change() {
    let run = pipeline!(double.workers(4).queue(8) >> double.named("Again").workers(2).queue(64))
        .start()
        .unwrap();
    let change = async {
        for round in 0..200_usize {
            let stage = ["Double", "Again"][round % 2];
            let stage = run.stage_named(stage).unwrap();
            stage.resize(1 + round % 7).unwrap();
            match round % 5 {
                0 => stage.pause(),
                1 => run.resume(),
                2 => stage.set_rate(Rate::new(1_000_000, seconds(1))).unwrap(),
                _ => tokio::task::yield_now().await,
            }
        }
        run.resume();
    };
    let (fed, ()) = within(futures::future::join(run.feed(0..100_000), change)).await;
    assert_eq!(fed, Ok(100_000));
    let results = within(run.join()).await;
    assert!(
        values(results)
            .into_iter()
            .eq((0..100_000).map(|item| item * 4))
    );
    let stats = run.stats();
    for stage in &stats.stage_stats {
        assert_eq!(
            (stage.pending_items, stage.completed_items),
            (0, 100_000),
            "{stage:?}"
        );
    }
}

#[stage(workers = 4, queue = 40)]
async fn noting(item: u64, starts: antflow::State<Log<Instant>>) -> u64 {
    starts.push(Instant::now());
    item
}

/// How long after the first one each of the others began, in milliseconds.
fn gaps(starts: &Log<Instant>) -> Vec<u128> {
    let starts = starts.entries();
    starts
        .iter()
        .map(|start| (*start - starts[0]).as_millis())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_stage_without_a_rate_gets_one() {
    let starts = Log::new();
    let run = pipeline!(noting)
        .with_state(starts.clone())
        .start()
        .unwrap();
    within(run.feed(0..5)).await.unwrap();
    quiet().await;
    assert_eq!(starts.len(), 5);
    run.stage::<noting>()
        .unwrap()
        .set_rate(Rate::new(1, seconds(1)))
        .unwrap();
    within(run.feed(0..4)).await.unwrap();
    within(run.join()).await;
    assert_eq!(gaps(&starts)[5..], [1, 1001, 2001, 3001]);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_their_turn_go_by_the_new_rate() {
    let starts = Log::new();
    let slow = pipeline!(noting.rate(Rate::new(1, seconds(3600))));
    let run = slow.with_state(starts.clone()).start().unwrap();
    within(run.feed(0..4)).await.unwrap();
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(starts.len(), 1);
    let stage = run.stage::<noting>().unwrap();
    stage.set_rate(Rate::new(1, seconds(1))).unwrap();
    tokio::time::sleep(millis(1500)).await;
    assert_eq!(starts.len(), 3);
    stage.set_rate(None).unwrap();
    within(run.join()).await;
    assert_eq!(gaps(&starts), [0, 10_000, 11_000, 11_500]);
}

#[stage(workers = 8)]
async fn gauged(item: u64, inside: antflow::State<Gauge>, cx: &TaskContext) -> u64 {
    let _inside = inside.enter();
    assert!(cx.worker().index() < 8);
    tokio::time::sleep(seconds(1)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn no_more_items_are_in_work_than_there_are_workers() {
    let gauge = Gauge::new();
    let run = pipeline!(gauged).with_state(gauge.clone()).start().unwrap();
    run.stage::<gauged>().unwrap().resize(3).unwrap();
    within(run.feed(0..20)).await.unwrap();
    within(run.join()).await;
    assert_eq!(gauge.peak(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused_by_name() {
    let run = pipeline!(second).start().unwrap();
    let stage = run.stage::<second>().unwrap();
    assert_eq!(stage.name(), "Second");
    let error = stage.resize(0).unwrap_err();
    assert!(matches!(error, ControlError::NoWorkers { .. }));
    assert_eq!(
        error.to_string(),
        "stage `Second` cannot be left without workers: pause it instead"
    );
    let error = stage.set_rate(Rate::new(0, seconds(1))).unwrap_err();
    assert!(error.to_string().contains("rate of zero"), "{error}");
    let error = run.stage_named("Third").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the pipeline has no stage `Third`, only Second"
    );
    assert!(run.stage::<double>().is_err());
    within(run.shutdown()).await;
    // A handle that has outlived its run changes nothing.
    drop(run);
    stage.pause();
    stage.resize(3).unwrap();
    assert!(!stage.is_paused());
}

#[stage(workers = 2)]
async fn nap(millis_long: u64) -> u64 {
    tokio::time::sleep(millis(millis_long)).await;
    millis_long
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_leaves_calls_whom_it_owes_a_call() {
    for naps in [[30, 60], [60, 30]] {
        let run = pipeline!(nap >> double.workers(1)).start().unwrap();
        // The stage is known to suspend by now, so it puts calls off.
        within(run.feed([10, 10])).await.unwrap();
        tokio::time::sleep(millis(60)).await;
        within(run.feed(naps)).await.unwrap();
        quiet().await;
        run.stage::<nap>().unwrap().resize(1).unwrap();
        assert_eq!(within(run.join()).await.len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn more_workers_than_there_may_be_are_refused() {
    let run = pipeline!(second).start().unwrap();
    let error = run
        .stage::<second>()
        .unwrap()
        .resize(usize::MAX)
        .unwrap_err();
    assert!(error.to_string().contains("the most are"), "{error}");
    assert_eq!(run.stats().stage_stats[0].workers, 2);
    within(run.feed(0..2)).await.unwrap();
    assert_eq!(within(run.join()).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_same_rate_again_is_no_new_burst() {
    let paced = pipeline!(noting.rate(Rate::new(10, seconds(1))));
    let later = Log::new();
    let run = paced.with_state(later.clone()).start().unwrap();
    let stage = run.stage::<noting>().unwrap();
    within(run.feed(0..40)).await.unwrap();
    for _ in 0..20 {
        stage.set_rate(Rate::new(10, seconds(1))).unwrap();
        tokio::time::sleep(millis(50)).await;
    }
    // A burst of ten, and ten in the second after it.
    assert!((19..=21).contains(&later.len()), "{}", later.len());
    within(run.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_over_is_not_changed_any_more() {
    let run = pipeline!(second).start().unwrap();
    within(run.feed(0..2)).await.unwrap();
    within(run.join()).await;
    let stage = run.stage::<second>().unwrap();
    stage.resize(8).unwrap();
    stage.set_rate(Rate::new(1, seconds(1))).unwrap();
    run.pause();
    let stats = &run.stats().stage_stats[0];
    assert_eq!((stats.workers, stats.is_paused), (2, false));
    assert_eq!(run.worker_states().len(), 2);
}
