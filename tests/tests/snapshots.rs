//! Stats and worker states are snapshots: they say what was true when they were taken, and go on saying it.

use antflow::{Item, TaskContext, WorkerState, pipeline, stage};
use antflow_tests::{Boom, Log, double, millis, quiet, seconds, within};

#[stage(workers = 2)]
async fn second(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    cx.set_status("working");
    tokio::time::sleep(seconds(1)).await;
    cx.set_status(format!("item {item} is nearly done"));
    tokio::time::sleep(seconds(1)).await;
    if item == 3 { Err(Boom(item)) } else { Ok(item) }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_does_not_change_after_it_was_taken() {
    let run = pipeline!(second).start().unwrap();
    within(run.feed(0..6)).await.unwrap();
    tokio::time::sleep(millis(500)).await;
    let (stats, states) = (run.stats(), run.worker_states());
    let (copy, states_then) = (stats.clone(), states.clone());
    within(run.join()).await;
    assert_eq!(stats, copy);
    assert_eq!(states, states_then);
    assert_ne!(run.stats(), stats);
    assert_ne!(run.worker_states(), states);
    assert_eq!((stats.items_processed, stats.items_in_flight), (0, 6));
    assert_eq!(stats.stage("Second").unwrap().pending_items, 4);
    assert_eq!(stats.stage("Second").unwrap().in_progress_items, 2);
    assert!(stats.stage("Third").is_none());
}

#[tokio::test(start_paused = true)]
async fn the_numbers_of_a_run_add_up_at_its_end() {
    let run = pipeline!(second).start().unwrap();
    within(run.feed(0..6)).await.unwrap();
    within(run.join()).await;
    let stats = run.stats();
    assert_eq!(stats.items_submitted, 6);
    assert_eq!(stats.items_processed, 5);
    assert_eq!(stats.items_failed, 1);
    assert_eq!(stats.items_cancelled, 0);
    assert_eq!(stats.items_in_flight, 0);
    let stage = &stats.stage_stats[0];
    assert_eq!((stage.completed_items, stage.failed_items), (5, 1));
    assert_eq!((stage.pending_items, stage.in_progress_items), (0, 0));
    assert_eq!((stage.retries, stage.skipped_items), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn worker_states_say_what_each_worker_is_at() {
    let run = pipeline!(second).start().unwrap();
    let texts = |states: &[WorkerState]| -> Vec<_> {
        let text = |state: &WorkerState| (state.sequence_id, state.status_text.clone());
        states.iter().map(text).collect()
    };
    assert_eq!(texts(&run.worker_states()), [(None, None), (None, None)]);
    within(run.feed([Item::new(7).id("seven")])).await.unwrap();
    quiet().await;
    let busy: Vec<_> = run
        .worker_states()
        .into_iter()
        .filter(WorkerState::is_busy)
        .collect();
    assert_eq!(texts(&busy), [(Some(0), Some("working".into()))]);
    assert_eq!(busy[0].worker.stage(), "Second");
    tokio::time::sleep(seconds(1)).await;
    let busy: Vec<_> = run
        .worker_states()
        .into_iter()
        .filter(WorkerState::is_busy)
        .collect();
    assert_eq!(
        texts(&busy),
        [(Some(0), Some("item 7 is nearly done".into()))]
    );
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(texts(&run.worker_states()), [(None, None), (None, None)]);
}

/// Says something of the first item only.
#[stage]
async fn quiet_later(item: u64, cx: &TaskContext) -> u64 {
    if item == 0 {
        cx.set_status("first");
    }
    tokio::time::sleep(seconds(1)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn a_status_is_forgotten_with_its_item() {
    let run = pipeline!(quiet_later).start().unwrap();
    within(run.feed([0, 1])).await.unwrap();
    quiet().await;
    assert_eq!(run.worker_states()[0].status_text.as_deref(), Some("first"));
    tokio::time::sleep(seconds(1)).await;
    let state = &run.worker_states()[0];
    assert_eq!(
        (state.sequence_id, state.status_text.clone()),
        (Some(1), None)
    );
    within(run.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn workers_are_named_after_their_stage() {
    let etl = pipeline!(second.workers(3) >> quiet_later.workers(2));
    let names = etl.worker_names();
    assert_eq!(names["Second"], ["Second-W0", "Second-W1", "Second-W2"]);
    assert_eq!(names["QuietLater"], ["QuietLater-W0", "QuietLater-W1"]);
    assert_eq!(etl.stage_names(), ["Second", "QuietLater"]);
    let run = etl.start().unwrap();
    assert_eq!(run.worker_names(), names);
    let states = run.worker_states();
    let workers: Vec<_> = states
        .iter()
        .map(|state| state.worker.to_string())
        .collect();
    assert_eq!(
        workers,
        [
            "Second-W0",
            "Second-W1",
            "Second-W2",
            "QuietLater-W0",
            "QuietLater-W1"
        ]
    );
    within(run.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_says_how_many_items_there_will_be_and_whether_that_was_all() {
    let views = Log::new();
    let seen = views.clone();
    let etl = pipeline!(double);
    let run = etl.run(0..7).on_start(move |view| {
        assert!(!view.snapshot().has_ended);
        seen.push(view);
    });
    within(run).await.unwrap();
    let seen = views.clone();
    let mut odd = etl
        .stream((0..7).filter(|item| item % 2 == 1))
        .unwrap()
        .on_start(move |view| {
            seen.push(view);
        });
    within(odd.next()).await.unwrap().value.unwrap();
    let [whole, part] = &views.entries()[..] else {
        panic!("{views:?}");
    };
    let whole = whole.snapshot();
    assert_eq!((whole.total_items, whole.has_ended), (Some(7), true));
    assert_eq!(part.snapshot().total_items, None);
}
