//! Whatever is wired, fed, failed, retried and cut off: every item has one outcome, and nothing hangs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use antflow::event::{Status, Stopwatch};
use antflow::{
    BoxError, Cancelled, Chain, Handle, Item, ItemErrorKind, Launch, Pipeline, PipelineResult,
    StatusTracker, Timings, from_fn,
};
use antflow_tests::{Event, Recorder, millis, within};
use plan::{Act, End, Finale, Plan, attempts, foreseen, plan, steps};
use proptest::prelude::*;

mod plan;

/// The `index`th stage of the plan. Attempts are counted here, not taken from the library.
macro_rules! stage {
    ($plan:expr, $index:expr) => {{
        let stage = $plan.stages[$index].clone();
        let retry = stage.retry.clone();
        let (workers, queue, ordered) = (stage.workers, stage.queue, stage.ordered);
        let concurrency = stage.concurrency;
        let tried: Arc<Mutex<HashMap<usize, u32>>> = Arc::default();
        let built = from_fn(format!("S{}", $index), move |item: usize| {
            let attempt = *tried
                .lock()
                .unwrap()
                .entry(item)
                .and_modify(|n| *n += 1)
                .or_insert(1);
            perform(item, stage.act(item, attempt))
        });
        let built = built.workers(workers).queue(queue);
        let built = if ordered { built.ordered() } else { built };
        let built = match concurrency {
            Some(limit) => built.concurrency(limit),
            None => built,
        };
        match retry {
            Some(retry) => built.retry(retry),
            None => built,
        }
    }};
}

async fn perform(item: usize, act: Act) -> Result<usize, BoxError> {
    if let Some(sleep) = act.sleep {
        tokio::time::sleep(millis(sleep)).await;
    }
    match act.end {
        End::Succeed => Ok(item),
        End::Fail => Err("planned".into()),
        End::Panic => std::panic::resume_unwind(Box::new("planned")),
        End::GiveUp => Err(Cancelled.into()),
    }
}

/// Runs up to four stages, each with this at its end.
macro_rules! stages {
    ($plan:expr, $recorder:expr, $timed:expr $(, $key:expr)?) => {{
        let one = Pipeline::builder().stage(stage!($plan, 0)$(.key($key))?);
        if $plan.stages.len() == 1 {
            return finish($plan, &one, $recorder, $timed).await;
        }
        let two = one.stage(stage!($plan, 1)$(.key($key))?);
        if $plan.stages.len() == 2 {
            return finish($plan, &two, $recorder, $timed).await;
        }
        let three = two.stage(stage!($plan, 2)$(.key($key))?);
        if $plan.stages.len() == 3 {
            return finish($plan, &three, $recorder, $timed).await;
        }
        let four = three.stage(stage!($plan, 3)$(.key($key))?);
        finish($plan, &four, $recorder, $timed).await;
    }};
}

/// Runs the plan under a tracker, with or without a recorder and a stopwatch beside it.
async fn execute(plan: &Plan, recorder: Option<&Recorder>, timed: bool) {
    match plan.keys {
        Some(keys) => stages!(plan, recorder, timed, move |item: &usize| item % keys),
        None => stages!(plan, recorder, timed),
    }
}

async fn finish<C>(plan: &Plan, pipeline: &Pipeline<C>, recorder: Option<&Recorder>, timed: bool)
where
    C: Launch<()> + Chain<Input = usize, Output = usize>,
{
    let tracker = StatusTracker::new();
    let observed = pipeline.clone().observe(tracker.clone());
    let observed = match recorder {
        Some(recorder) => observed.observe(recorder.clone()),
        None => observed,
    };
    let observed = if timed {
        observed.observe(Stopwatch)
    } else {
        observed
    };
    let run = observed.start().expect("the configuration works");
    let items = plan.items.iter().enumerate();
    let items = items.map(|(item, priority)| Item::new(item).priority(*priority));
    let results = match plan.finale {
        Finale::Join => {
            assert_eq!(run.feed(items).await, Ok(plan.items.len()));
            let results = run.join().await;
            check_all_as_foreseen(plan, &results);
            results
        }
        Finale::ShutdownAfter(ms) => {
            let (_, results) = tokio::join!(run.feed(items), after(ms, run.shutdown()));
            results
        }
        Finale::DrainFor(ms) => {
            let (_, results) = tokio::join!(run.feed(items), run.drain(millis(ms)));
            results
        }
        Finale::DropAfter(ms) => {
            let _ = tokio::time::timeout(millis(ms), run.feed(items)).await;
            let submitted = run.stats().items_submitted;
            drop(run);
            // Whoever was working is dropped when the runtime comes to it.
            tokio::time::sleep(millis(1)).await;
            if let Some(recorder) = recorder {
                check_all_ended(recorder, submitted);
            }
            check_histories(plan, &tracker, recorder, submitted);
            return;
        }
    };
    check_results(plan, &results, &run);
    if let Some(timings) = run.view().timings() {
        assert_eq!(timings.items.count(), results.len() as u64);
        if matches!(plan.finale, Finale::Join) {
            check_attempts(plan, &timings);
        }
    }
    if let Some(recorder) = recorder {
        recorder.check(&results, &run.stats());
        if plan.keys.is_none() {
            // With keys, items are not begun in the order in which they are taken.
            check_order(plan, recorder);
        }
        check_keys(plan, recorder);
    }
    check_histories(plan, &tracker, recorder, results.len() as u64);
}

/// Every attempt that the plan foresees is timed, by how it ended.
fn check_attempts(plan: &Plan, timings: &Timings) {
    let items = 0..plan.items.len();
    let mut foreseen = vec![[0; 4]; plan.stages.len()];
    for item in items {
        for (stage, attempt) in attempts(plan, item) {
            let ways = &mut foreseen[stage];
            match plan.stages[stage].act(item, attempt).end {
                End::Succeed => ways[0] += 1,
                End::Fail => {
                    ways[1] += 1;
                    ways[3] += u64::from(attempt < plan.stages[stage].attempts());
                }
                End::GiveUp => ways[1] += 1,
                End::Panic => ways[2] += 1,
            }
        }
    }
    for (stage, foreseen) in timings.stages.iter().zip(foreseen) {
        let task = &stage.tasks[0];
        let counted = [task.succeeded, task.failed, task.panicked, task.retries];
        assert_eq!(counted, foreseen, "{}", stage.stage_name);
        assert_eq!(task.duration.count(), foreseen[..3].iter().sum::<u64>());
        assert!(stage.processing_time.count() <= task.duration.count());
    }
}

async fn after<T>(ms: u64, future: impl Future<Output = T>) -> T {
    tokio::time::sleep(millis(ms)).await;
    future.await
}

fn check_results(plan: &Plan, results: &[PipelineResult<usize>], run: &Handle<usize, usize>) {
    let stats = run.stats();
    let count = |wanted: fn(&PipelineResult<usize>) -> bool| {
        results.iter().filter(|result| wanted(result)).count() as u64
    };
    let cancelled = |result: &PipelineResult<usize>| {
        result.error().is_some_and(antflow::ItemError::is_cancelled)
    };
    assert_eq!(stats.items_submitted, results.len() as u64);
    assert_eq!(stats.items_in_flight, 0);
    assert_eq!(stats.items_processed, count(PipelineResult::is_success));
    assert_eq!(
        stats.items_cancelled,
        results.iter().filter(|result| cancelled(result)).count() as u64
    );
    assert_eq!(
        stats.items_submitted,
        stats.items_processed + stats.items_failed + stats.items_cancelled
    );
    for (place, result) in results.iter().enumerate() {
        assert_eq!(
            result.sequence_id, place as u64,
            "results come in input order"
        );
        // What a run that is cut off has not cut off ended as it would have anyway.
        if !cancelled(result) {
            check_as_foreseen(plan, result);
        }
    }
}

fn check_all_as_foreseen(plan: &Plan, results: &[PipelineResult<usize>]) {
    assert_eq!(results.len(), plan.items.len());
    results
        .iter()
        .for_each(|result| check_as_foreseen(plan, result));
}

fn check_as_foreseen(plan: &Plan, result: &PipelineResult<usize>) {
    let item = result.sequence_id as usize;
    match (&result.value, foreseen(plan, item)) {
        (Ok(value), None) => assert_eq!(*value, item),
        (Err(error), Some((stage, attempts, end))) => {
            assert_eq!(error.stage(), format!("S{stage}"));
            assert_eq!(error.attempts(), attempts, "{error:?}");
            let as_planned = match error.kind() {
                ItemErrorKind::Failed(_) => end == End::Fail,
                ItemErrorKind::Panicked(message) => end == End::Panic && message == "planned",
                ItemErrorKind::Cancelled => end == End::GiveUp,
                _ => false,
            };
            assert!(as_planned, "item {item} should {end:?}: {error:?}");
        }
        (value, foreseen) => panic!("item {item}: {value:?} instead of {foreseen:?}"),
    }
}

fn check_all_ended(recorder: &Recorder, submitted: u64) {
    for item in 0..submitted {
        let lines = recorder.status_lines(item);
        let ends = |line: &&String| line.contains("cancelled") || line.contains("failed");
        let through = recorder
            .statuses()
            .iter()
            .rfind(|event| event.sequence_id == item)
            .is_some_and(|event| matches!(event.status, Status::Completed));
        let ended = lines.iter().filter(ends).count();
        assert!(
            ended == 1 || (ended == 0 && through),
            "item {item}: {lines:#?}"
        );
    }
}

/// What a tracker knows of an item is what was foreseen, as far as it came, and what an observer of every event heard.
fn check_histories(
    plan: &Plan,
    tracker: &StatusTracker,
    recorder: Option<&Recorder>,
    submitted: u64,
) {
    for item in 0..submitted {
        let history = tracker.history(item);
        let steps_so_far: Vec<_> = history
            .iter()
            .map(|event| (event.stage.to_string(), event.status))
            .collect();
        let foreseen = steps(plan, item as usize);
        let came_to = match &steps_so_far[..] {
            [before @ .., (_, Status::Cancelled)] => foreseen.starts_with(before),
            whole => whole == foreseen,
        };
        assert!(came_to, "item {item}: {steps_so_far:?}, not {foreseen:?}");
        if let Some(recorder) = recorder {
            let history = history.into_iter();
            let lines = history.map(|event| Event::Status(Arc::new(event)).to_string());
            let lines: Vec<_> = lines.collect();
            assert_eq!(lines, recorder.status_lines(item), "item {item}");
        }
    }
}

/// Items enter the stage behind an ordered one in the order in which they were taken up there.
fn check_order(plan: &Plan, recorder: &Recorder) {
    let first = |stage: usize, status: Status| -> Vec<u64> {
        let mut seen = Vec::new();
        for event in recorder.statuses() {
            if *event.stage == *format!("S{stage}")
                && event.status == status
                && !seen.contains(&event.sequence_id)
            {
                seen.push(event.sequence_id);
            }
        }
        seen
    };
    for (index, _) in plan
        .stages
        .iter()
        .enumerate()
        .filter(|(_, stage)| stage.ordered)
    {
        if index + 1 == plan.stages.len() {
            continue;
        }
        let left = first(index + 1, Status::Queued);
        let mut taken = first(index, Status::InProgress);
        taken.retain(|item| left.contains(item));
        assert_eq!(taken, left, "S{index} is ordered");
    }
}

/// Items of one key are worked on one at a time, in the order in which they came.
fn check_keys(plan: &Plan, recorder: &Recorder) {
    let Some(keys) = plan.keys else { return };
    let statuses = recorder.statuses();
    for (stage, key) in
        (0..plan.stages.len()).flat_map(|stage| (0..keys).map(move |key| (stage, key)))
    {
        let of_key = statuses.iter().filter(|event| {
            *event.stage == *format!("S{stage}") && event.sequence_id as usize % keys == key
        });
        let (mut queued, mut begun, mut has_it) = (Vec::new(), Vec::new(), None);
        for event in of_key {
            let item = event.sequence_id;
            match event.status {
                Status::Queued => queued.push(item),
                Status::InProgress => {
                    assert!(
                        has_it.is_none_or(|other| other == item),
                        "{event:?} beside {has_it:?}"
                    );
                    has_it = Some(item);
                    if !begun.contains(&item) {
                        begun.push(item);
                    }
                }
                Status::Retrying => assert_eq!(has_it, Some(item)),
                Status::Completed | Status::Failed | Status::Skipped | Status::Cancelled => {
                    if has_it == Some(item) {
                        has_it = None;
                    }
                }
            }
        }
        queued.retain(|item| begun.contains(item));
        for priority in &plan.items {
            let of_priority = |item: &&u64| plan.items[**item as usize] == *priority;
            let came: Vec<_> = queued.iter().filter(of_priority).collect();
            let went: Vec<_> = begun.iter().filter(of_priority).collect();
            assert_eq!(came, went, "S{stage}, key {key}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_item_has_exactly_one_outcome(plan in plan()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(within(execute(&plan, Some(&Recorder::new()), true)));
        for timed in [false, true] {
            runtime.block_on(within(execute(&plan, None, timed)));
        }
    }
}
