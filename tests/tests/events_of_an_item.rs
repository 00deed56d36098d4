//! What an observer hears of an item in a stage, in which order, and from which worker.

use antflow::event::Status;
use antflow::{Item, ItemErrorKind, TaskContext, pipeline, stage};
use antflow_tests::{Boom, Recorder, quiet, seconds, within};

#[stage(workers = 2)]
async fn load(item: u64) -> u64 {
    item
}

fn is_even(item: &u64) -> bool {
    item.is_multiple_of(2)
}

#[stage(workers = 2, skip_if = is_even)]
async fn odd_only(item: u64) -> u64 {
    item
}

#[stage(workers = 3, retry = "per_task", attempts = 3, wait = "1s")]
async fn by_task(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    fail_until(item, cx)
}

#[stage(workers = 3, retry = "per_stage", attempts = 3, wait = "1s")]
async fn by_stage(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    fail_until(item, cx)
}

#[stage(
    workers = 3,
    retry = "per_task",
    attempts = 3,
    wait = "1s",
    on_wait = "release"
)]
async fn by_task_release(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    fail_until(item, cx)
}

#[stage(
    workers = 3,
    retry = "per_stage",
    attempts = 3,
    wait = "1s",
    on_wait = "release"
)]
async fn by_stage_release(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    fail_until(item, cx)
}

/// Item `n` succeeds in attempt `n`.
fn fail_until(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    if u64::from(cx.attempt()) < item {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

/// The statuses of an item, without stage and worker.
fn statuses(recorder: &Recorder, sequence_id: u64) -> Vec<Status> {
    let events = recorder.statuses().into_iter();
    let of_item = events.filter(|event| event.sequence_id == sequence_id);
    of_item.map(|event| event.status).collect()
}

#[tokio::test(start_paused = true)]
async fn success_in_every_stage() {
    let recorder = Recorder::new();
    let run = pipeline!(load.workers(1) >> odd_only.workers(1)).observe(recorder.clone());
    let run = run.start().unwrap();
    run.feed([1]).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(
        recorder.status_lines(0),
        [
            "Load queued",
            "Load in_progress Load-W0",
            "Load completed Load-W0",
            "OddOnly queued",
            "OddOnly in_progress OddOnly-W0",
            "OddOnly completed OddOnly-W0",
        ]
    );
    recorder.check(&results, &run.stats());
}

#[tokio::test(start_paused = true)]
async fn a_skipped_item_is_never_in_progress() {
    let recorder = Recorder::new();
    let run = pipeline!(odd_only.workers(1)).observe(recorder.clone());
    let run = run.start().unwrap();
    run.feed([2]).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(
        recorder.status_lines(0),
        ["OddOnly queued", "OddOnly skipped OddOnly-W0"]
    );
    recorder.check(&results, &run.stats());
}

#[tokio::test(start_paused = true)]
async fn retries_and_failures_in_both_modes_with_and_without_the_worker() {
    use Status::{Completed, Failed, InProgress, Queued, Retrying};
    macro_rules! check {
        ($stage:ident) => {
            let recorder = Recorder::new();
            let run = pipeline!($stage).observe(recorder.clone()).start().unwrap();
            run.feed([1, 2, 3, 4]).await.unwrap();
            let results = within(run.join()).await;
            recorder.check(&results, &run.stats());
            assert_eq!(statuses(&recorder, 0), [Queued, InProgress, Completed]);
            assert_eq!(
                statuses(&recorder, 1),
                [Queued, InProgress, Retrying, InProgress, Completed]
            );
            let twice = [
                Queued, InProgress, Retrying, InProgress, Retrying, InProgress,
            ];
            assert_eq!(statuses(&recorder, 2), [&twice[..], &[Completed]].concat());
            assert_eq!(statuses(&recorder, 3), [&twice[..], &[Failed]].concat());
            assert_eq!(results[3].error().unwrap().attempts(), 3);
            for event in recorder.statuses() {
                let next = event.next_attempt.is_some();
                assert_eq!(next, event.status == Retrying);
                if let Some(error) = &event.error {
                    let source: Option<&Boom> = error.downcast_ref();
                    assert_eq!(source, Some(&Boom(event.sequence_id + 1)));
                }
            }
            let last = recorder
                .statuses()
                .into_iter()
                .filter(|event| event.status == Failed);
            let attempts: Vec<_> = last
                .map(|event| event.error.as_ref().unwrap().attempts())
                .collect();
            assert_eq!(attempts, [3]);
        };
    }
    check!(by_task);
    check!(by_stage);
    check!(by_task_release);
    check!(by_stage_release);
}

#[stage(workers = 2, queue = 5)]
async fn endless(_item: u64) -> u64 {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn cancelled_in_the_queue_and_in_hand() {
    let recorder = Recorder::new();
    let run = pipeline!(endless)
        .observe(recorder.clone())
        .start()
        .unwrap();
    run.feed(0..4).await.unwrap();
    quiet().await;
    let results = within(run.shutdown()).await;
    recorder.check(&results, &run.stats());
    let mut in_hand = Vec::new();
    for item in 0..2 {
        let lines = recorder.status_lines(item);
        let worker = lines[1].rsplit(' ').next().unwrap().to_owned();
        assert_eq!(lines[1], format!("Endless in_progress {worker}"));
        assert_eq!(lines[2], format!("Endless cancelled {worker}"));
        assert_eq!(lines.len(), 3);
        in_hand.push(worker);
    }
    in_hand.sort();
    assert_eq!(in_hand, ["Endless-W0", "Endless-W1"]);
    for item in 2..4 {
        assert_eq!(
            recorder.status_lines(item),
            ["Endless queued", "Endless cancelled"]
        );
    }
    for event in recorder.statuses() {
        let cancelled = event.status == Status::Cancelled;
        assert_eq!(event.error.is_some(), cancelled);
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_between_two_attempts() {
    macro_rules! last {
        ($stage:ident) => {{
            let recorder = Recorder::new();
            let run = pipeline!($stage.workers(1)).observe(recorder.clone());
            let run = run.start().unwrap();
            run.feed([9]).await.unwrap();
            quiet().await;
            let results = within(run.shutdown()).await;
            recorder.check(&results, &run.stats());
            assert_eq!(results[0].error().unwrap().attempts(), 1);
            let lines = recorder.status_lines(0);
            lines.last().unwrap().clone()
        }};
    }
    // A worker that waits with its item has it; one that was released has not.
    assert_eq!(last!(by_task), "ByTask cancelled ByTask-W0");
    assert_eq!(last!(by_stage), "ByStage cancelled ByStage-W0");
    assert_eq!(last!(by_task_release), "ByTaskRelease cancelled");
    assert_eq!(last!(by_stage_release), "ByStageRelease cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_timeout_are_failures_with_their_kind() {
    #[stage(timeout = "5s")]
    async fn odd_end(item: u64) -> u64 {
        if item == 0 {
            std::panic::resume_unwind(Box::new("odd"));
        }
        std::future::pending().await
    }
    let recorder = Recorder::new();
    let run = pipeline!(odd_end)
        .observe(recorder.clone())
        .start()
        .unwrap();
    run.feed([0, 1]).await.unwrap();
    let results = within(run.join()).await;
    recorder.check(&results, &run.stats());
    let failed = recorder.statuses().into_iter();
    let failed: Vec<_> = failed
        .filter(|event| event.status == Status::Failed)
        .collect();
    let kinds: Vec<_> = failed
        .iter()
        .map(|event| event.error.as_ref().unwrap().kind())
        .collect();
    assert!(matches!(kinds[0], ItemErrorKind::Panicked(text) if text == "odd"));
    assert!(matches!(kinds[1], ItemErrorKind::TimedOut(limit) if *limit == seconds(5)));
}

#[tokio::test(start_paused = true)]
async fn events_carry_the_ids_and_the_metadata_of_the_feeder() {
    let recorder = Recorder::new();
    let etl = pipeline!(load >> odd_only).observe(recorder.clone());
    let run = etl.start().unwrap();
    let items = ["a", "b", "c"].map(|id| Item::new(1).id(id).metadata("source", id));
    run.feed(items).await.unwrap();
    run.feed([1]).await.unwrap();
    within(run.join()).await;
    for event in recorder.statuses() {
        let expected = ["a", "b", "c"].get(usize::try_from(event.sequence_id).unwrap());
        match expected {
            Some(id) => {
                assert_eq!(event.item_id, *id);
                let source = event.metadata.get("source").unwrap();
                assert_eq!(source.to_string(), *id);
            }
            None => {
                assert_eq!(event.item_id, 3);
                assert!(event.metadata.is_empty());
            }
        }
    }
    for event in recorder.tasks() {
        assert_eq!(event.item_id == 3, event.sequence_id == 3);
    }
}

#[tokio::test(start_paused = true)]
async fn the_events_of_the_workers_cover_all_items() {
    let recorder = Recorder::new();
    let run = pipeline!(load.workers(5)).observe(recorder.clone()).start();
    let run = run.unwrap();
    within(run.feed(0..100)).await.unwrap();
    within(run.join()).await;
    let mut by_worker = [0; 5];
    for event in recorder.statuses() {
        match event.status {
            Status::Queued => assert_eq!(event.worker_id(), None),
            Status::Completed => by_worker[event.worker_id().unwrap()] += 1,
            _ => assert!(event.worker_id().is_some()),
        }
    }
    assert_eq!(by_worker.iter().sum::<i32>(), 100);
}

#[test]
fn statuses_have_names() {
    let names: Vec<_> = Status::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "queued",
            "in_progress",
            "completed",
            "retrying",
            "failed",
            "skipped",
            "cancelled"
        ]
    );
}
