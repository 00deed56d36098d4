use antflow::event::Status;
use antflow::{OnWait, Retry};
use antflow_tests::millis;
use proptest::prelude::*;

/// What an attempt does, after sleeping for so many milliseconds; none: without suspending.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    pub(crate) sleep: Option<u64>,
    pub(crate) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    Succeed,
    Fail,
    Panic,
    GiveUp,
}

#[derive(Debug, Clone)]
pub(crate) struct StagePlan {
    pub(crate) workers: usize,
    pub(crate) queue: usize,
    pub(crate) retry: Option<Retry>,
    pub(crate) ordered: bool,
    pub(crate) concurrency: Option<usize>,
    /// What the attempts of the items do: item `i` takes the `i`th list, over and over; a list that has come to its end
    /// goes on with its last act.
    pub(crate) acts: Vec<Vec<Act>>,
}

/// How the run is ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Finale {
    Join,
    ShutdownAfter(u64),
    DrainFor(u64),
    DropAfter(u64),
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) stages: Vec<StagePlan>,
    /// The priority of each item.
    pub(crate) items: Vec<i32>,
    /// How many keys the items have in each stage, in turn; none if stages have no keys.
    pub(crate) keys: Option<usize>,
    pub(crate) finale: Finale,
}

impl StagePlan {
    pub(crate) fn act(&self, item: usize, attempt: u32) -> Act {
        let acts = &self.acts[item % self.acts.len()];
        acts[(attempt as usize - 1).min(acts.len() - 1)]
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.retry.as_ref().map_or(1, Retry::max_attempts)
    }
}

/// How an item ends if nobody cuts the run off: in which stage, after how many attempts, and how.
pub(crate) fn foreseen(plan: &Plan, item: usize) -> Option<(usize, u32, End)> {
    plan.stages.iter().enumerate().find_map(|(index, stage)| {
        let attempts = stage.attempts();
        (1..=attempts)
            .map(|attempt| (attempt, stage.act(item, attempt).end))
            .find(|(attempt, end)| *end != End::Fail || *attempt == attempts)
            .filter(|(_, end)| *end != End::Succeed)
            .map(|(attempt, end)| (index, attempt, end))
    })
}

/// The attempts that are made with an item if nobody cuts the run off, by stage and number.
pub(crate) fn attempts(plan: &Plan, item: usize) -> Vec<(usize, u32)> {
    let last = foreseen(plan, item).map_or(plan.stages.len() - 1, |(stage, ..)| stage);
    let mut made = Vec::new();
    for (index, stage) in plan.stages.iter().enumerate().take(last + 1) {
        for attempt in 1..=stage.attempts() {
            made.push((index, attempt));
            if stage.act(item, attempt).end != End::Fail {
                break;
            }
        }
    }
    made
}

/// What happens to an item if nobody cuts the run off: in which stage, and what.
pub(crate) fn steps(plan: &Plan, item: usize) -> Vec<(String, Status)> {
    let mut steps = Vec::new();
    for (index, stage) in plan.stages.iter().enumerate() {
        let mut step = |status| steps.push((format!("S{index}"), status));
        step(Status::Queued);
        for attempt in 1..=stage.attempts() {
            step(Status::InProgress);
            match stage.act(item, attempt).end {
                End::Succeed => {
                    step(Status::Completed);
                    break;
                }
                End::Fail if attempt < stage.attempts() => step(Status::Retrying),
                End::Fail | End::Panic => {
                    step(Status::Failed);
                    return steps;
                }
                End::GiveUp => {
                    step(Status::Cancelled);
                    return steps;
                }
            }
        }
    }
    steps
}

fn act() -> impl Strategy<Value = Act> {
    let sleep = prop_oneof![2 => Just(None), 1 => (0..20_u64).prop_map(Some)];
    let end = prop_oneof![
        6 => Just(End::Succeed),
        4 => Just(End::Fail),
        1 => Just(End::Panic),
        1 => Just(End::GiveUp),
    ];
    (sleep, end).prop_map(|(sleep, end)| Act { sleep, end })
}

fn retry() -> impl Strategy<Value = Retry> {
    (
        any::<bool>(),
        1..4_u32,
        0..10_u64,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(per_task, attempts, wait, release, jitter)| {
            let retry = if per_task {
                Retry::per_task()
            } else {
                Retry::per_stage()
            };
            let retry = retry.attempts(attempts).wait(millis(wait));
            let retry = if jitter { retry.jitter() } else { retry };
            retry.on_wait(if release {
                OnWait::Release
            } else {
                OnWait::Hold
            })
        })
}

fn stage_plan() -> impl Strategy<Value = StagePlan> {
    (
        1..9_usize,
        1..9_usize,
        proptest::option::of(retry()),
        any::<bool>(),
        proptest::option::weighted(0.2, 1..4_usize),
        prop::collection::vec(prop::collection::vec(act(), 1..4), 1..6),
    )
        .prop_map(
            |(workers, queue, retry, ordered, concurrency, acts)| StagePlan {
                workers,
                queue,
                retry,
                ordered,
                concurrency,
                acts,
            },
        )
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let finale = prop_oneof![
        3 => Just(Finale::Join),
        2 => (0..60_u64).prop_map(Finale::ShutdownAfter),
        1 => (0..60_u64).prop_map(Finale::DrainFor),
        1 => (0..60_u64).prop_map(Finale::DropAfter),
    ];
    let priority = prop_oneof![3 => Just(100), 1 => 0..300_i32];
    (
        prop::collection::vec(stage_plan(), 1..5),
        prop::collection::vec(priority, 0..40),
        proptest::option::of(1..5_usize),
        finale,
    )
        .prop_map(|(stages, items, keys, finale)| Plan {
            stages,
            items,
            keys,
            finale,
        })
}
