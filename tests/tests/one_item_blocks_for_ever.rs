//! One item of ten thousand blocks for ever, and all others come through, whichever way they go.
//!
//! The stage of that item has two workers, so that one is free. The stages beside it have one each.

use std::future::{IntoFuture, poll_fn};
use std::iter::from_fn;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use antflow::event::{Callbacks, Observer, StatusEvent};
use antflow::{
    BoxError, CancellationToken, Handle, Item, Launch, Pipeline, PipelineResult, ResultStream, Run,
    Stage, StageExt, State, TaskContext, stage, task,
};
use antflow_tests::{Boom, Outcome, count, millis, within};
use futures::{FutureExt, StreamExt, stream};
use tokio::sync::{Notify, Semaphore};

const ITEMS: u64 = 10_000;
const BLOCKED: u64 = 5_000;
const STARTS: &str = "there is a runtime and no mistake";
const PLACES: [&str; 3] = ["First", "Middle", "Last"];

/// How the items come in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    RunOfRange,
    RunOfUnknownLength,
    RunWithPriorities,
    StreamOfRange,
    FeedAll,
    FeedOneByOne,
    FeedStream,
    FeedFromATask,
    FeedAt,
    FeedAtFromWithin,
}

/// What the three stages are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    List,
    PerTask,
    PerTaskReleased,
    PerStage,
    ListPerStage,
}

/// Stages beside that in which the item blocks, or items beside the blocked one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Which {
    None,
    Others,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Watched {
    No,
    ByObserver,
    ByCallbacks,
}

/// What the item blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Block {
    /// Its future does not become ready.
    Future,
    /// Nor does it give its thread back.
    Thread,
}

#[derive(Debug, Clone, Copy)]
struct Case {
    way: Way,
    kind: Kind,
    /// Which items fail in their first attempt, of those around the blocked one.
    fails: Which,
    /// Which stages suspend at every item.
    suspends: Which,
    watched: Watched,
    /// The stage in which the item blocks.
    place: &'static str,
    queue: usize,
    block: Block,
    /// What is tried for the field above.
    blocks: &'static [Block],
}

const SIMPLE: Case = Case {
    way: Way::RunOfRange,
    kind: Kind::Plain,
    fails: Which::None,
    suspends: Which::None,
    watched: Watched::No,
    place: PLACES[0],
    queue: 1024,
    block: Block::Future,
    blocks: &[Block::Future, Block::Thread],
};

impl Which {
    fn includes(self, is_the_blocked: bool) -> bool {
        self == Self::All || self == Self::Others && !is_the_blocked
    }
}

/// A case, and what holds its item. It is the state of the pipeline.
struct Plan {
    case: Case,
    /// A permit for each item that got through the task of the last stage.
    through: Semaphore,
    released: OnceLock<()>,
    notify: Notify,
}

impl Plan {
    /// What every stage does.
    async fn pass(&self, item: u64, cx: &TaskContext) -> Result<u64, Boom> {
        let case = &self.case;
        let (is_it, is_here) = (item == BLOCKED, cx.stage() == case.place);
        if case.suspends.includes(is_here) {
            suspend(case.block).await;
        }
        if cx.attempt() == 1 && item.abs_diff(BLOCKED) < 4 && case.fails.includes(is_it) {
            return Err(Boom(item));
        }
        if is_it && is_here {
            match case.block {
                Block::Future => self.notify.notified().await,
                Block::Thread => _ = self.released.wait(),
            }
        }
        if cx.stage() == PLACES[2] {
            self.through.add_permits(1);
        }
        Ok(item)
    }

    fn release(&self) {
        let _ = self.released.set(());
        self.notify.notify_one();
    }
}

/// Suspends once. Who calls tokio's `yield_now` waits for its thread, whatever blocks that; so it is not called there.
async fn suspend(block: Block) {
    if block == Block::Future {
        return tokio::task::yield_now().await;
    }
    let mut turn = Poll::Pending;
    poll_fn(|cx| {
        if turn.is_pending() {
            cx.waker().wake_by_ref();
        }
        std::mem::replace(&mut turn, Poll::Ready(()))
    })
    .await;
}

/// Lets the runtime end also where a test fails.
struct ReleaseAtLast(Arc<Plan>);

impl Drop for ReleaseAtLast {
    fn drop(&mut self) {
        self.0.release();
    }
}

macro_rules! stages {
    ($($name:ident($($settings:tt)*))*) => {$(
        #[stage($($settings)*)]
        async fn $name(item: u64, cx: &TaskContext, plan: State<Arc<Plan>>) -> Result<u64, Boom> {
            plan.pass(item, cx).await
        }
    )*};
}

stages! {
    plain()
    per_task(retry = "per_task", wait = "0s")
    per_task_released(retry = "per_task", wait = "0s", on_wait = "release")
    per_stage(retry = "per_stage", wait = "0s")
}

#[task]
async fn begin(item: u64) -> u64 {
    item
}

#[task]
async fn end(item: u64, cx: &TaskContext, plan: State<Arc<Plan>>) -> Result<u64, Boom> {
    plan.pass(item, cx).await
}

#[stage]
struct List(begin, end);

#[stage(retry = "per_stage", wait = "0s")]
struct ListPerStage(begin, end);

/// In front of the three stages: feeds the first of them with all items before its own.
#[stage]
async fn enter(item: u64, cx: &TaskContext) -> Result<u64, BoxError> {
    cx.feed_at::<plain>(0..item).await?;
    Ok(item)
}

/// Wants all events and does nothing with them.
struct Onlooker;

impl Observer for Onlooker {}

/// A stage at one of the three places.
fn at<S: Stage>(case: &Case, place: &'static str, stage: S) -> stage::Configured<S> {
    let workers = if place == case.place { 2 } else { 1 };
    stage.named(place).workers(workers).queue(case.queue)
}

async fn check(case: Case) {
    // Shown if it fails.
    println!("{case:?}");
    let plan = &Arc::new(Plan {
        case,
        through: Semaphore::new(0),
        released: OnceLock::new(),
        notify: Notify::new(),
    });
    let _release = ReleaseAtLast(Arc::clone(plan));
    macro_rules! three {
        ($before:expr, $stage:ident) => {{
            let etl = $before
                .stage(at(&case, PLACES[0], $stage {}))
                .stage(at(&case, PLACES[1], $stage {}))
                .stage(at(&case, PLACES[2], $stage {}));
            within(finish(plan, etl.with_state(Arc::clone(plan)))).await
        }};
    }
    let start = Pipeline::builder();
    let results = match (case.kind, case.way) {
        (_, Way::FeedAt | Way::FeedAtFromWithin) => three!(start.stage(enter {}), plain),
        (Kind::Plain, _) => three!(start, plain),
        (Kind::List, _) => three!(start, List),
        (Kind::PerTask, _) => three!(start, per_task),
        (Kind::PerTaskReleased, _) => three!(start, per_task_released),
        (Kind::PerStage, _) => three!(start, per_stage),
        (Kind::ListPerStage, _) => three!(start, ListPerStage),
    };
    let mut ids: Vec<_> = results.iter().map(|result| result.sequence_id).collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..ITEMS), "one outcome for each item");
    let is_cut_off = plan.released.get().is_none();
    assert_eq!(count(&results, Outcome::Cancelled), usize::from(is_cut_off));
    let values = results.into_iter().flat_map(|result| result.value);
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    let expected = (0..ITEMS).filter(|item| *item != BLOCKED || !is_cut_off);
    assert!(values.into_iter().eq(expected), "each item as it was");
}

/// Runs a case until all but the blocked item have come out, and then releases that one or cuts it off.
async fn finish(
    plan: &Plan,
    etl: Pipeline<impl Launch<Arc<Plan>, Input = u64, Output = u64>, Arc<Plan>>,
) -> Vec<PipelineResult<u64>> {
    let etl = match plan.case.watched {
        Watched::No => etl,
        Watched::ByObserver => etl.observe(Onlooker),
        Watched::ByCallbacks => etl.observe(Callbacks::new().on_status_change(|_: StatusEvent| ())),
    };
    let mut items = 0..ITEMS;
    match plan.case.way {
        Way::RunOfRange => ran(plan, etl.run(items)).await,
        Way::RunOfUnknownLength => ran(plan, etl.run(from_fn(move || items.next()))).await,
        Way::RunWithPriorities => {
            let mixed = items.map(|item| Item::new(item).priority(i32::from(item % 3 == 0)));
            ran(plan, etl.run(mixed)).await
        }
        Way::StreamOfRange => streamed(plan, etl.stream(items).expect(STARTS)).await,
        _ => fed(plan, etl.start().expect(STARTS)).await,
    }
}

/// The results come together at the end, so the last stage says what is through.
async fn ran(plan: &Plan, run: Run<u64>) -> Vec<PipelineResult<u64>> {
    let release = async {
        drop(plan.through.acquire_many(ITEMS as u32 - 1).await);
        plan.release();
    };
    tokio::join!(run.into_future(), release).0.expect(STARTS)
}

async fn streamed(plan: &Plan, stream: ResultStream<u64>) -> Vec<PipelineResult<u64>> {
    let stop = CancellationToken::new();
    let mut stream = stream.cancel_on(stop.clone());
    let mut results = Vec::new();
    while let Some(result) = stream.next().await {
        results.push(result);
        if results.len() as u64 == ITEMS - 1 {
            match plan.case.block {
                Block::Future => stop.cancel(),
                Block::Thread => plan.release(),
            }
        }
    }
    results
}

async fn fed(plan: &Plan, run: Handle<u64, u64>) -> Vec<PipelineResult<u64>> {
    let (feeder, items) = (run.feeder(), 0..ITEMS);
    let one_by_one = async move {
        for item in 0..ITEMS {
            feeder.feed([item]).await?;
        }
        Ok(ITEMS as usize)
    };
    let fed = match plan.case.way {
        Way::FeedOneByOne => one_by_one.await,
        Way::FeedStream => {
            let pausing = |item| suspend(Block::Future).map(move |()| item);
            run.feed_stream(stream::iter(items).then(pausing)).await
        }
        Way::FeedAt => run.feed_at::<plain>(items).await,
        Way::FeedAtFromWithin => run.feed([ITEMS - 1]).await,
        Way::FeedFromATask => tokio::spawn(one_by_one).await.expect("it does not panic"),
        _ => run.feed(items).await,
    };
    fed.expect("the run is not over");
    // A handle gives results in input order, so those behind the blocked item are only counted.
    while run.stats().items_processed < ITEMS - 1 {
        tokio::time::sleep(millis(1)).await;
    }
    match plan.case.block {
        Block::Future => run.shutdown().await,
        Block::Thread => {
            plan.release();
            run.join().await
        }
    }
}

/// Tries each place, behind a short and a long queue.
async fn check_all(mut case: Case) {
    for place in PLACES {
        for queue in [2, 1024] {
            for block in case.blocks {
                (case.place, case.queue, case.block) = (place, queue, *block);
                check(case).await;
            }
        }
    }
}

macro_rules! tests {
    ($($name:ident: $($field:ident = $value:expr),*;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 3)]
        async fn $name() {
            check_all(Case { $($field: $value,)* ..SIMPLE }).await;
        }
    )*};
}

tests! {
    a_run_over_a_range_goes_on: way = Way::RunOfRange;
    a_run_over_items_of_unknown_number_goes_on: way = Way::RunOfUnknownLength;
    a_run_over_items_with_priorities_goes_on: way = Way::RunWithPriorities;
    a_stream_goes_on: way = Way::StreamOfRange;
    what_is_fed_at_once_goes_on: way = Way::FeedAll;
    what_is_fed_one_by_one_goes_on: way = Way::FeedOneByOne;
    what_a_stream_feeds_goes_on: way = Way::FeedStream;
    what_another_task_feeds_goes_on: way = Way::FeedFromATask;
    what_is_fed_to_a_later_stage_goes_on: way = Way::FeedAt;
    what_a_task_feeds_to_a_later_stage_goes_on: way = Way::FeedAtFromWithin;
    lists_of_tasks_go_on: kind = Kind::List;
    retries_of_tasks_go_on: kind = Kind::PerTask, fails = Which::Others;
    retries_of_stages_go_on: kind = Kind::PerStage, fails = Which::Others;
    retries_of_lists_go_on: kind = Kind::ListPerStage, fails = Which::Others;
    retries_of_tasks_without_a_worker_go_on: kind = Kind::PerTaskReleased, fails = Which::Others;
    a_retry_of_a_task_may_block_its_thread: kind = Kind::PerTask, fails = Which::All, blocks = &[Block::Thread];
    a_retry_of_a_stage_may_block_its_thread: kind = Kind::PerStage, fails = Which::All, blocks = &[Block::Thread];
    a_retry_of_a_list_may_block_its_thread: kind = Kind::ListPerStage, fails = Which::All, blocks = &[Block::Thread];
    a_retry_of_a_task_without_a_worker_may_block_its_thread: kind = Kind::PerTaskReleased, fails = Which::All, blocks = &[Block::Thread];
    an_observed_run_goes_on: watched = Watched::ByObserver;
    a_run_with_callbacks_goes_on: watched = Watched::ByCallbacks, blocks = &[Block::Future];
    stages_that_suspend_go_on_beside_the_blocked_one: suspends = Which::Others;
    a_stage_that_suspends_may_block: suspends = Which::All;
}
