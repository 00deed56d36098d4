//! However stages are wired beyond a line, and whatever fails and is cut off: every item has one outcome with all its
//! parts in it, and nothing hangs.

use std::convert::Infallible;

use antflow::event::Status;
use antflow::{
    BoxError, Chain, FnStage, History, Hooks, Item, ItemError, ItemErrorKind, Launch, OnWait,
    PerItem, Pipeline, PipelineResult, Rate, Retry, RunControl, StatusTracker, TaskContext,
    from_fn,
};
use antflow_tests::{millis, within};
use plan::{Act, Change, End, Finale, Plan, StagePlan, Tree, Wiring, divided, name, plan};
use proptest::prelude::*;

mod plan;

/// How many wirings [`run`] knows.
const WIRINGS: usize = 10;
/// How many stages the largest of them has.
const STAGES: usize = 6;

type Made<F> = FnStage<F, usize, usize, BoxError>;

/// Skips what the plan says.
struct Skips(StagePlan);

impl Hooks<usize, usize> for Skips {
    async fn skip(&self, _: &TaskContext, value: usize) -> Result<usize, usize> {
        if self.0.is_skipped(value) {
            Ok(value)
        } else {
            Err(value)
        }
    }
}

async fn perform(value: usize, act: Act) -> Result<usize, BoxError> {
    if let Some(sleep) = act.sleep {
        tokio::time::sleep(millis(sleep)).await;
    }
    match act.end {
        End::Succeed => Ok(value + 1),
        End::Fail => Err("planned".into()),
        End::Panic => std::panic::resume_unwind(Box::new("planned")),
    }
}

/// A stage of the plan. Stages of which values have keys are of another type, so all have one.
macro_rules! stage {
    ($plan:expr, $index:expr) => {{
        let stage = $plan.stages[$index].clone();
        let (workers, queue, ordered) = (stage.workers, stage.queue, stage.ordered);
        let (attempts, keys) = (stage.attempts, stage.keys);
        let (concurrency, is_rated) = (stage.concurrency, stage.is_rated);
        let retry = if stage.per_stage {
            Retry::per_stage()
        } else {
            Retry::per_task()
        };
        let retry = retry.on_wait(if stage.releases {
            OnWait::Release
        } else {
            OnWait::Hold
        });
        let skips = Skips(stage.clone());
        let built: Made<_> = from_fn(name($index), move |value: usize| {
            perform(value, stage.act(value))
        });
        let built = built.workers(workers).queue(queue);
        let built = built.retry(retry.attempts(attempts).wait(millis(1)));
        let built = if ordered { built.ordered() } else { built };
        let built = match concurrency {
            Some(limit) => built.concurrency(limit),
            None => built,
        };
        let built = if is_rated {
            built.rate(Rate::new(1, millis(3)))
        } else {
            built
        };
        let built = built.hooks(skips);
        // Without keys, all values have one of their own.
        built.key(move |value: &usize| keys.map_or(*value, |keys| value % keys))
    }};
}

/// A stage that takes batches, in which values may fail.
macro_rules! batch_stage {
    ($plan:expr, $index:expr) => {{
        let stage = $plan.stages[$index].clone();
        let (workers, queue, ordered) = (stage.workers, stage.queue, stage.ordered);
        let built = from_fn(name($index), move |values: Vec<usize>| {
            let acts = values.into_iter().map(|value| (value, stage.act(value)));
            let acts: Vec<_> = acts.collect();
            async move {
                let slowest = acts.iter().filter_map(|(_, act)| act.sleep).max();
                if let Some(sleep) = slowest {
                    tokio::time::sleep(millis(sleep)).await;
                }
                let results = acts.into_iter().map(|(value, act)| match act.end {
                    End::Fail => Err(BoxError::from("planned")),
                    End::Succeed | End::Panic => Ok(value + 1),
                });
                Ok::<PerItem<usize>, Infallible>(results.collect())
            }
        });
        let built = built.workers(workers).queue(queue);
        if ordered { built.ordered() } else { built }
    }};
}

/// A value with the way that it takes.
#[derive(antflow::Route)]
enum Way {
    Even(usize),
    Odd(usize),
}

impl Way {
    fn of(value: usize) -> Self {
        if value.is_multiple_of(2) {
            Self::Even(value)
        } else {
            Self::Odd(value)
        }
    }
}

/// Reads a result.
trait IntoTree {
    fn into_tree(self) -> Tree;
}

impl IntoTree for usize {
    fn into_tree(self) -> Tree {
        Tree::Value(self)
    }
}

impl<T: IntoTree> IntoTree for Option<T> {
    fn into_tree(self) -> Tree {
        self.map_or(Tree::Dropped, IntoTree::into_tree)
    }
}

impl<T: IntoTree> IntoTree for Result<T, ItemError> {
    fn into_tree(self) -> Tree {
        match self {
            Ok(value) => value.into_tree(),
            Err(error) => match error.kind() {
                ItemErrorKind::Cancelled => Tree::Cancelled,
                ItemErrorKind::Failed(source) => {
                    assert_eq!(source.to_string(), "planned");
                    Tree::Failed(error.stage().to_owned())
                }
                ItemErrorKind::Panicked(message) => {
                    assert_eq!(message, "planned");
                    Tree::Failed(error.stage().to_owned())
                }
                kind => panic!("{kind:?} was not planned"),
            },
        }
    }
}

impl<T: IntoTree> IntoTree for Vec<T> {
    fn into_tree(self) -> Tree {
        Tree::Parts(self.into_iter().map(IntoTree::into_tree).collect())
    }
}

impl<A: IntoTree, B: IntoTree> IntoTree for (A, B) {
    fn into_tree(self) -> Tree {
        Tree::Parts(vec![self.0.into_tree(), self.1.into_tree()])
    }
}

impl<A: IntoTree, B: IntoTree, C: IntoTree> IntoTree for (A, B, C) {
    fn into_tree(self) -> Tree {
        Tree::Parts(vec![
            self.0.into_tree(),
            self.1.into_tree(),
            self.2.into_tree(),
        ])
    }
}

/// Runs the wiring of the plan.
async fn run(plan: &Plan) {
    use Wiring::{Batch, Broadcast, Filter, FlatMap, Route, Stage, Tee};
    let first = || Pipeline::builder().stage(stage!(plan, 0));
    let odd = |value: &usize| !value.is_multiple_of(2);
    let (size, wait) = (plan.batch.0, plan.max_wait());
    match plan.wiring {
        0 => {
            let etl = first()
                .filter(odd)
                .stage(stage!(plan, 1))
                .filter(|n| n % 3 > 0);
            finish(plan, etl, &[Stage(0), Filter(2), Stage(1), Filter(3)]).await;
        }
        1 => {
            let etl = first().flat_map(|n| divided(n, 4)).stage(stage!(plan, 1));
            finish(plan, etl, &[Stage(0), FlatMap(4), Stage(1)]).await;
        }
        2 => {
            let etl = first().tee(|start| {
                let long = start.stage(stage!(plan, 1)).stage(stage!(plan, 2));
                (long, start.stage(stage!(plan, 3)))
            });
            let tee = Tee(vec![vec![Stage(1), Stage(2)], vec![Stage(3)]]);
            finish(plan, etl, &[Stage(0), tee]).await;
        }
        3 => {
            let etl = first().tee(|start| {
                let filtered = start.stage(stage!(plan, 1)).filter(odd);
                let divided = start.stage(stage!(plan, 2)).flat_map(|n| divided(n, 3));
                (filtered, divided, start.stage(stage!(plan, 3)))
            });
            let etl = etl.merge(stage!(plan, 4)).filter(|n| n % 3 > 0);
            let tee = Tee(vec![
                vec![Stage(1), Filter(2)],
                vec![Stage(2), FlatMap(3)],
                vec![Stage(3)],
            ]);
            finish(plan, etl, &[Stage(0), tee, Stage(4), Filter(3)]).await;
        }
        4 => {
            let etl = first()
                .batch(size, wait, batch_stage!(plan, 1))
                .stage(stage!(plan, 2));
            finish(plan, etl, &[Stage(0), Batch(1), Stage(2)]).await;
        }
        5 => {
            let etl = first().flat_map(|n| divided(n, 5));
            let etl = etl.batch(size, wait, batch_stage!(plan, 1)).filter(odd);
            let etl = etl
                .batch(size, wait, batch_stage!(plan, 2))
                .stage(stage!(plan, 3));
            let wiring = [
                Stage(0),
                FlatMap(5),
                Batch(1),
                Filter(2),
                Batch(2),
                Stage(3),
            ];
            finish(plan, etl, &wiring).await;
        }
        6 => {
            let stages = (1..4).map(|index| stage!(plan, index));
            let etl = first().broadcast(stages).stage(stage!(plan, 4));
            let branches = (1..4).map(|index| vec![Stage(index)]).collect();
            finish(plan, etl, &[Stage(0), Broadcast(branches), Stage(4)]).await;
        }
        7 => {
            let etl = first().tee(|start| {
                let inner = start.stage(stage!(plan, 1)).tee(|start| {
                    let batched = start.stage(stage!(plan, 2));
                    (
                        batched.batch(size, wait, batch_stage!(plan, 3)),
                        start.stage(stage!(plan, 4)),
                    )
                });
                (inner, start.stage(stage!(plan, 5)))
            });
            let inner = Tee(vec![vec![Stage(2), Batch(3)], vec![Stage(4)]]);
            let tee = Tee(vec![vec![Stage(1), inner], vec![Stage(5)]]);
            finish(plan, etl, &[Stage(0), tee]).await;
        }
        8 => {
            let etl = first().flat_map(|n| divided(n, 3)).stage(stage!(plan, 1));
            let etl = etl.flat_map(|n| divided(n, 3)).stage(stage!(plan, 2));
            finish(
                plan,
                etl,
                &[Stage(0), FlatMap(3), Stage(1), FlatMap(3), Stage(2)],
            )
            .await;
        }
        9 => {
            let way = from_fn("Way", async |value: usize| {
                Ok::<_, Infallible>(Way::of(value))
            });
            let etl = first().stage(way.workers(2)).route(|routes| {
                routes
                    .Odd(|start| start.stage(stage!(plan, 1)).stage(stage!(plan, 2)))
                    .Even(|start| start.stage(stage!(plan, 3)))
            });
            let etl = etl.merge(stage!(plan, 4)).flat_map(|n| divided(n, 3));
            let route = Route(vec![vec![Stage(3)], vec![Stage(1), Stage(2)]]);
            finish(plan, etl, &[Stage(0), route, Stage(4), FlatMap(3)]).await;
        }
        other => panic!("there is no wiring {other}"),
    }
}

/// Runs a pipeline that is wired like this, under a tracker, and checks what comes of it.
async fn finish<C>(plan: &Plan, pipeline: Pipeline<C>, wiring: &[Wiring])
where
    C: Launch<()> + Chain<Input = usize, Output: IntoTree>,
{
    let tracker = StatusTracker::new();
    let bounded = StatusTracker::new().with_history(History::Last(3));
    let observed = pipeline.observe(tracker.clone()).observe(bounded.clone());
    let run = observed.start().expect("the configuration works");
    let items = plan.items.iter().enumerate();
    let items = items.map(|(item, priority)| Item::new(item).priority(*priority));
    let (control, view) = (run.control(), run.view());
    let ending = async {
        match plan.finale {
            Finale::Join => {
                assert_eq!(run.feed(items).await, Ok(plan.items.len()));
                Some(run.join().await)
            }
            Finale::ShutdownAfter(ms) => {
                let (_, results) = tokio::join!(run.feed(items), after(ms, run.shutdown()));
                Some(results)
            }
            Finale::DrainFor(ms) => {
                let (_, results) = tokio::join!(run.feed(items), run.drain(millis(ms)));
                Some(results)
            }
            Finale::DropAfter(ms) => {
                let _ = tokio::time::timeout(millis(ms), run.feed(items)).await;
                drop(run);
                view.ended().await;
                None
            }
        }
    };
    let (results, ()) = tokio::join!(ending, change(plan, &control));
    let stats = view.stats();
    let Some(results) = results else {
        assert_eq!(stats.items_in_flight, 0, "{stats:?}");
        return;
    };
    assert_eq!(stats.items_submitted, results.len() as u64);
    assert_eq!(stats.items_in_flight, 0);
    let count = |is_so: fn(&PipelineResult<C::Output>) -> bool| {
        results.iter().filter(|result| is_so(result)).count() as u64
    };
    assert_eq!(stats.items_processed, count(PipelineResult::is_success));
    for stage in &stats.stage_stats {
        assert_eq!(
            (stage.pending_items, stage.in_progress_items),
            (0, 0),
            "{stage:?}"
        );
    }
    assert_eq!(tracker.stats().total(), stats.items_submitted);
    assert!(bounded.tracked_ids().len() <= 3);
    for (place, result) in results.into_iter().enumerate() {
        assert_eq!(result.sequence_id, place as u64);
        let history = tracker.history(result.sequence_id);
        assert_eq!(
            history.first().map(|event| event.status),
            Some(Status::Queued)
        );
        let tree = result.value.into_tree();
        let foreseen = plan.foreseen(place, wiring);
        assert!(
            tree.agrees(&foreseen),
            "item {place}: {tree:?}, not {foreseen:?}"
        );
        let is_cut_off = tree.is_cut_off();
        assert!(
            !is_cut_off || !matches!(plan.finale, Finale::Join),
            "{tree:?}"
        );
        let cancelled = history
            .iter()
            .any(|event| event.status == Status::Cancelled);
        assert_eq!(cancelled, is_cut_off, "{history:?}");
    }
}

/// Changes stages as the plan says, and lets all of them go on at the end.
async fn change(plan: &Plan, control: &RunControl) {
    for (ms, stage, change) in &plan.changes {
        tokio::time::sleep(millis(*ms)).await;
        let Ok(stage) = control.stage_named(&name(*stage)) else {
            continue;
        };
        match change {
            Change::Pause => stage.pause(),
            Change::Resume => stage.resume(),
            Change::Resize(workers) => stage.resize(*workers).expect("it has a worker"),
        }
    }
    control.resume();
}

async fn after<T>(ms: u64, future: impl Future<Output = T>) -> T {
    tokio::time::sleep(millis(ms)).await;
    future.await
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_item_has_one_outcome_with_all_its_parts(plan in plan(WIRINGS, STAGES)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(within(run(&plan)));
    }
}

proptest! {
    // Where time goes by as it does.
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn threads_change_nothing_about_that(plan in plan(WIRINGS, STAGES)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(within(run(&plan)));
    }
}
