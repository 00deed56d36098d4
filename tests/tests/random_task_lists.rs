//! Lists of tasks under every kind of retry: which calls are made, what the item becomes, and what it feeds on its way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use antflow::{
    BoxError, Cancelled, ItemError, Launch, Pipeline, PipelineResult, State, TaskContext, pipeline,
    stage, task,
};
use antflow_tests::{Boom, Outcome, Recorder, millis, outcome, panic_quietly, within};
use proptest::prelude::*;

const TASKS: usize = 3;
/// What a task feeds has the number of its parent and this.
const CHILD: usize = 1000;

/// What a call of a task does after some milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Succeed,
    /// Succeeds, and has fed another item before.
    Feed,
    Fail,
    /// Never ends, so that the timeout does.
    Hang,
    Panic,
    GiveUp,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Once,
    PerTask,
    PerStage,
}

#[derive(Debug, Clone, Copy)]
enum Finale {
    Join,
    Stream(usize),
    ShutdownAfter(u64),
}

#[derive(Debug)]
struct Plan {
    mode: Mode,
    release: bool,
    ordered: bool,
    attempts: u32,
    workers: usize,
    queue: usize,
    finale: Finale,
    /// For each item and task, the acts of its calls; the last one goes on. An item without tasks is skipped.
    items: Vec<Option<[Vec<Act>; TASKS]>>,
    /// The calls that were made: how often for each item and task.
    calls: Mutex<BTreeMap<(usize, usize), usize>>,
}

#[derive(Debug, Clone)]
struct Job {
    id: usize,
    skip: bool,
}

impl Plan {
    fn act(&self, item: usize, task: usize, call: usize) -> Act {
        match self.items.get(item) {
            Some(Some(tasks)) => tasks[task][call.min(tasks[task].len() - 1)],
            _ => Act::Succeed,
        }
    }

    fn job(&self, id: usize) -> Job {
        let skip = self.items[id].is_none();
        Job { id, skip }
    }

    fn count_call(&self, item: usize, task: usize) -> usize {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = calls.entry((item, task)).or_insert(0);
        *calls += 1;
        *calls - 1
    }

    async fn perform(&self, task: usize, job: &Job, cx: &TaskContext) -> Result<Job, BoxError> {
        let call = self.count_call(job.id, task);
        tokio::time::sleep(millis((job.id + task) as u64 * 7 % 10)).await;
        match self.act(job.id, task, call) {
            Act::Succeed => {}
            Act::Feed => {
                let child = Job {
                    id: job.id + CHILD,
                    skip: false,
                };
                // Refused only where the run is cut off, which this task will not see.
                let _ = cx.feed_at::<enter>([child]).await;
            }
            Act::Fail => return Err(Boom(0).into()),
            Act::Hang => std::future::pending().await,
            Act::Panic => panic_quietly("planned"),
            Act::GiveUp => return Err(Cancelled.into()),
        }
        Ok(job.clone())
    }

    /// How an item ends if nobody cuts the run off, in how many attempts, and how often each task is called.
    fn foreseen(&self, item: usize) -> (Outcome, u32, [usize; TASKS]) {
        let mut calls = [0; TASKS];
        if self.items.get(item).is_some_and(Option::is_none) {
            return (Outcome::Completed, 0, calls);
        }
        let most = if self.mode == Mode::Once {
            1
        } else {
            self.attempts
        };
        let (mut task, mut attempt) = (0, 1);
        while task < TASKS {
            let act = self.act(item, task, calls[task]);
            calls[task] += 1;
            let end = match act {
                Act::Succeed | Act::Feed => {
                    task += 1;
                    if self.mode == Mode::PerTask {
                        attempt = 1;
                    }
                    continue;
                }
                Act::Fail => Outcome::Failed,
                Act::Hang => Outcome::TimedOut,
                Act::Panic => return (Outcome::Panicked, attempt, calls),
                Act::GiveUp => return (Outcome::Cancelled, attempt, calls),
            };
            if attempt == most {
                return (end, attempt, calls);
            }
            attempt += 1;
            if self.mode == Mode::PerStage {
                task = 0;
            }
        }
        (Outcome::Completed, attempt, calls)
    }
}

#[stage(workers = 2, queue = 2)]
async fn enter(job: Job) -> Job {
    job
}

#[task]
async fn first(job: Job, cx: &TaskContext, plan: State<Arc<Plan>>) -> Result<Job, BoxError> {
    plan.perform(0, &job, cx).await
}

#[task]
async fn second(job: &Job, cx: &TaskContext, plan: State<Arc<Plan>>) -> Result<Job, BoxError> {
    plan.perform(1, job, cx).await
}

#[task]
async fn third(job: Job, cx: &TaskContext, plan: State<Arc<Plan>>) -> Result<Job, BoxError> {
    plan.perform(2, &job, cx).await
}

fn is_skipped(job: &Job) -> bool {
    job.skip
}

#[stage(timeout = "60ms", skip_if = is_skipped)]
struct Once(first, second, third);

#[stage(retry = "per_task", wait = "3ms", timeout = "60ms", skip_if = is_skipped)]
struct PerTask(first, second, third);

#[stage(retry = "per_task", wait = "3ms", timeout = "60ms", skip_if = is_skipped, on_wait = "release")]
struct PerTaskRelease(first, second, third);

#[stage(retry = "per_stage", wait = "3ms", timeout = "60ms", skip_if = is_skipped)]
struct PerStage(first, second, third);

#[stage(retry = "per_stage", wait = "3ms", timeout = "60ms", skip_if = is_skipped, on_wait = "release")]
struct PerStageRelease(first, second, third);

#[stage(queue = 1)]
async fn leave(job: Job) -> usize {
    job.id
}

async fn execute(plan: Plan) {
    let plan = Arc::new(plan);
    macro_rules! with {
        ($stage:ident $(, $attempts:ident)?) => {{
            let stage = $stage {};
            let stage = antflow::StageExt::workers(stage, plan.workers).queue(plan.queue);
            let stage = if plan.ordered { stage.ordered() } else { stage };
            let etl = pipeline!(enter >> (stage$(.$attempts(plan.attempts))?) >> leave);
            finish(&plan, etl.with_state(Arc::clone(&plan))).await
        }};
    }
    match (plan.mode, plan.release) {
        (Mode::Once, _) => with!(Once),
        (Mode::PerTask, false) => with!(PerTask, attempts),
        (Mode::PerTask, true) => with!(PerTaskRelease, attempts),
        (Mode::PerStage, false) => with!(PerStage, attempts),
        (Mode::PerStage, true) => with!(PerStageRelease, attempts),
    }
}

async fn finish<C>(plan: &Arc<Plan>, etl: Pipeline<C, Arc<Plan>>)
where
    C: Launch<Arc<Plan>, Input = Job, Output = usize>,
{
    let jobs: Vec<_> = (0..plan.items.len()).map(|id| plan.job(id)).collect();
    let recorder = Recorder::new();
    if let Finale::Stream(window) = plan.finale {
        let stream = etl.observe(recorder).stream(jobs).expect("it starts");
        let mut stream = stream.ordered().window(window);
        let mut results = Vec::new();
        while let Some(result) = stream.next().await {
            results.push(result);
        }
        return check_all(plan, &results);
    }
    let run = etl.observe(recorder.clone()).start().expect("it starts");
    let results = match plan.finale {
        Finale::ShutdownAfter(pause) => {
            let shutdown = async {
                tokio::time::sleep(millis(pause)).await;
                run.shutdown().await
            };
            tokio::join!(run.feed(jobs), shutdown).1
        }
        _ => {
            assert_eq!(run.feed(jobs).await, Ok(plan.items.len()));
            run.join().await
        }
    };
    recorder.check(&results, &run.stats());
    if matches!(plan.finale, Finale::Join) {
        check_all(plan, &results);
    }
}

/// Every item and every child has ended as foreseen, after the calls that were foreseen.
fn check_all(plan: &Plan, results: &[PipelineResult<usize>]) {
    let calls = plan.calls.lock().unwrap_or_else(PoisonError::into_inner);
    let mut expected = Vec::new();
    for item in 0..plan.items.len() {
        let (end, attempts, foreseen) = plan.foreseen(item);
        expected.push(match end {
            Outcome::Completed => (end, 0, Some(item)),
            _ => (end, attempts, None),
        });
        for (task, foreseen) in foreseen.into_iter().enumerate() {
            let made = calls.get(&(item, task)).copied().unwrap_or(0);
            assert_eq!(made, foreseen, "calls of task {task} for item {item}");
            let fed = (0..made).filter(|call| plan.act(item, task, *call) == Act::Feed);
            expected.extend(fed.map(|_| (Outcome::Completed, 0, Some(item + CHILD))));
        }
    }
    let end = |result: &PipelineResult<usize>| {
        let attempts = result.error().map_or(0, ItemError::attempts);
        (
            outcome(result),
            attempts,
            result.value.as_ref().ok().copied(),
        )
    };
    let mut ends: Vec<_> = results.iter().map(end).collect();
    ends.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ends, expected);
    for (place, result) in (0..).zip(results) {
        assert_eq!(
            result.sequence_id, place,
            "results are in the order of feeding"
        );
    }
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => Just(Act::Succeed),
        1 => Just(Act::Feed),
        4 => Just(Act::Fail),
        1 => Just(Act::Hang),
        1 => Just(Act::Panic),
        1 => Just(Act::GiveUp),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let mode = prop_oneof![Just(Mode::Once), Just(Mode::PerTask), Just(Mode::PerStage)];
    let finale = prop_oneof![
        3 => Just(Finale::Join),
        1 => (1..6_usize).prop_map(Finale::Stream),
        2 => (0..200_u64).prop_map(Finale::ShutdownAfter),
    ];
    let acts = || prop::collection::vec(act(), 1..5);
    let item = proptest::option::weighted(0.9, [acts(), acts(), acts()]);
    let flags = (any::<bool>(), any::<bool>());
    let sizes = (1..5_u32, 1..6_usize, 1..5_usize);
    let items = prop::collection::vec(item, 0..25);
    (mode, flags, sizes, finale, items).prop_map(|(mode, flags, sizes, finale, items)| Plan {
        mode,
        release: flags.0,
        ordered: flags.1,
        attempts: sizes.0,
        workers: sizes.1,
        queue: sizes.2,
        finale,
        items,
        calls: Mutex::default(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn calls_and_outcomes_are_as_foreseen(plan in plan()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(within(execute(plan)));
    }
}
