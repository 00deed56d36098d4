use antflow_tests::millis;
use proptest::prelude::*;
use std::time::Duration;

/// What a stage does with a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    Succeed,
    Fail,
    Panic,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    /// How long it takes; none: without suspending.
    pub(crate) sleep: Option<u64>,
    pub(crate) end: End,
}

#[derive(Debug, Clone)]
pub(crate) struct StagePlan {
    pub(crate) workers: usize,
    pub(crate) queue: usize,
    pub(crate) attempts: u32,
    pub(crate) ordered: bool,
    /// How many keys the values have, if they have some.
    pub(crate) keys: Option<usize>,
    /// Whether a failure is followed by another attempt of the whole stage, and whether the worker waits for that.
    pub(crate) per_stage: bool,
    pub(crate) releases: bool,
    pub(crate) concurrency: Option<usize>,
    /// Whether attempts begin at most so often.
    pub(crate) is_rated: bool,
    /// What can be divided by this is skipped.
    pub(crate) skips: Option<usize>,
    /// What is done with a value: the one in its place, over and over.
    pub(crate) acts: Vec<Act>,
}

/// How the run is ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Finale {
    Join,
    ShutdownAfter(u64),
    DrainFor(u64),
    DropAfter(u64),
}

/// What is done to a stage while it works.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    Pause,
    Resume,
    Resize(usize),
}

/// How stages are wired. A stage is named by its place among the stages of the plan.
#[derive(Debug, Clone)]
pub(crate) enum Wiring {
    Stage(usize),
    /// Takes batches, in which items may fail and none panics.
    Batch(usize),
    /// Lets values go that can be divided by this.
    Filter(usize),
    /// So many parts for each value, at most.
    FlatMap(usize),
    /// Branches, and what follows each of them.
    Tee(Vec<Vec<Wiring>>),
    /// As a tee, whose branches are as many as needed.
    Broadcast(Vec<Vec<Wiring>>),
    /// Goes into the branch in the place that the value gives.
    Route(Vec<Vec<Wiring>>),
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) stages: Vec<StagePlan>,
    /// The priority of each item.
    pub(crate) items: Vec<i32>,
    /// How many items make up a batch, and how long they wait.
    pub(crate) batch: (usize, u64),
    pub(crate) finale: Finale,
    /// What is done after so many milliseconds more, and to which stage.
    pub(crate) changes: Vec<(u64, usize, Change)>,
    /// Which of the wirings that the test knows.
    pub(crate) wiring: usize,
}

/// What came of an item, or is to come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Value(usize),
    /// In the stage of this name.
    Failed(String),
    Cancelled,
    Dropped,
    Parts(Vec<Tree>),
}

/// The parts that a value is divided into.
pub(crate) fn divided(value: usize, most: usize) -> Vec<usize> {
    (0..value % (most + 1))
        .map(|part| value * 10 + part)
        .collect()
}

impl StagePlan {
    pub(crate) fn act(&self, value: usize) -> Act {
        self.acts[value % self.acts.len()]
    }

    pub(crate) fn is_skipped(&self, value: usize) -> bool {
        self.skips.is_some_and(|by| value.is_multiple_of(by))
    }
}

impl Plan {
    pub(crate) fn max_wait(&self) -> Duration {
        millis(self.batch.1)
    }

    /// What is to come of a value if nobody cuts the run off.
    pub(crate) fn foreseen(&self, value: usize, wiring: &[Wiring]) -> Tree {
        let Some((first, rest)) = wiring.split_first() else {
            return Tree::Value(value);
        };
        match first {
            Wiring::Stage(stage) if self.stages[*stage].is_skipped(value) => {
                self.foreseen(value, rest)
            }
            Wiring::Stage(stage) | Wiring::Batch(stage) => match self.stages[*stage].act(value).end
            {
                End::Panic if matches!(first, Wiring::Stage(_)) => Tree::Failed(name(*stage)),
                End::Fail => Tree::Failed(name(*stage)),
                End::Succeed | End::Panic => self.foreseen(value + 1, rest),
            },
            Wiring::Filter(by) if value.is_multiple_of(*by) => Tree::Dropped,
            Wiring::Filter(_) => self.foreseen(value, rest),
            Wiring::FlatMap(most) => {
                let parts = divided(value, *most).into_iter();
                Tree::Parts(parts.map(|part| self.foreseen(part, rest)).collect())
            }
            Wiring::Tee(branches) | Wiring::Broadcast(branches) => {
                let branches = branches.iter();
                let branches = branches.map(|branch| {
                    let whole: Vec<_> = branch.iter().chain(rest).cloned().collect();
                    self.foreseen(value, &whole)
                });
                Tree::Parts(branches.collect())
            }
            Wiring::Route(branches) => {
                let branch = &branches[value % branches.len()];
                let whole: Vec<_> = branch.iter().chain(rest).cloned().collect();
                self.foreseen(value, &whole)
            }
        }
    }
}

impl Tree {
    /// Whether it is what was foreseen, but for what was cut off.
    pub(crate) fn agrees(&self, foreseen: &Self) -> bool {
        match (self, foreseen) {
            (Self::Cancelled, _) => true,
            // The rest of the parts may not have been made.
            (Self::Parts(parts), Self::Parts(foreseen)) => {
                let is_cut_off = parts.last() == Some(&Self::Cancelled);
                (parts.len() == foreseen.len() || is_cut_off)
                    && parts
                        .iter()
                        .zip(foreseen)
                        .all(|(part, foreseen)| part.agrees(foreseen))
            }
            (came, foreseen) => came == foreseen,
        }
    }

    pub(crate) fn is_cut_off(&self) -> bool {
        match self {
            Self::Cancelled => true,
            Self::Parts(parts) => parts.iter().any(Self::is_cut_off),
            Self::Value(_) | Self::Failed(_) | Self::Dropped => false,
        }
    }
}

pub(crate) fn name(stage: usize) -> String {
    format!("S{stage}")
}

fn act() -> impl Strategy<Value = Act> {
    let sleep = prop_oneof![2 => Just(None), 1 => (0..20_u64).prop_map(Some)];
    let end = prop_oneof![8 => Just(End::Succeed), 2 => Just(End::Fail), 1 => Just(End::Panic)];
    (sleep, end).prop_map(|(sleep, end)| Act { sleep, end })
}

fn stage_plan() -> impl Strategy<Value = StagePlan> {
    (
        1..5_usize,
        1..5_usize,
        1..3_u32,
        any::<bool>(),
        proptest::option::weighted(0.3, 1..4_usize),
        prop::collection::vec(act(), 1..6),
        (any::<bool>(), any::<bool>(), prop::bool::weighted(0.1)),
        proptest::option::weighted(0.2, 1..3_usize),
        proptest::option::weighted(0.2, 2..6_usize),
    )
        .prop_map(
            |(workers, queue, attempts, ordered, keys, acts, modes, concurrency, skips)| {
                let (per_stage, releases, is_rated) = modes;
                StagePlan {
                    workers,
                    queue,
                    attempts,
                    ordered,
                    keys,
                    per_stage,
                    releases,
                    concurrency,
                    is_rated,
                    skips,
                    acts,
                }
            },
        )
}

pub(crate) fn plan(wirings: usize, stages: usize) -> impl Strategy<Value = Plan> {
    let finale = prop_oneof![
        3 => Just(Finale::Join),
        2 => (0..60_u64).prop_map(Finale::ShutdownAfter),
        1 => (0..60_u64).prop_map(Finale::DrainFor),
        1 => (0..60_u64).prop_map(Finale::DropAfter),
    ];
    let change = prop_oneof![
        Just(Change::Pause),
        Just(Change::Resume),
        (1..6_usize).prop_map(Change::Resize),
    ];
    let priority = prop_oneof![3 => Just(100), 1 => 0..300_i32];
    (
        prop::collection::vec(stage_plan(), stages),
        prop::collection::vec(priority, 0..30),
        (1..6_usize, 0..30_u64),
        finale,
        prop::collection::vec((0..15_u64, 0..stages, change), 0..8),
        0..wirings,
    )
        .prop_map(|(stages, items, batch, finale, changes, wiring)| Plan {
            stages,
            items,
            batch,
            finale,
            changes,
            wiring,
        })
}
