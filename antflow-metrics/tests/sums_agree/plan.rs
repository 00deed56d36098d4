use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use antflow::{BoxError, Cancelled, State, TaskContext, stage, task};
use antflow_tests::{Boom, millis};

/// How an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Pass,
    Fail,
    GiveUp,
    Panic,
    /// It does not end by itself.
    Hang,
}

/// Says by chance, and the same each time, how attempts end; and counts those that were made. Clones share the counts.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    seed: u64,
    made: Arc<Mutex<BTreeMap<(&'static str, End), u64>>>,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let made = Arc::default();
        Self { seed, made }
    }

    /// How many attempts of a task came to this end.
    pub(crate) fn made(&self, task: &str, end: End) -> u64 {
        let made = self.made.lock().unwrap();
        let of = made
            .iter()
            .find(|((name, it), _)| *name == task && *it == end);
        of.map_or(0, |(_, count)| *count)
    }

    fn dice(&self, task: &str, item: u64, attempt: u32) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, task, item, attempt).hash(&mut hasher);
        hasher.finish()
    }

    /// Makes an attempt. One that is bounded in time either hangs or takes none, so that chance has no say.
    async fn attempt(
        &self,
        task: &'static str,
        item: u64,
        attempt: u32,
        bounded: bool,
    ) -> Result<u64, BoxError> {
        let dice = self.dice(task, item, attempt);
        match dice / 100 % 16 {
            0..4 if !bounded => tokio::task::yield_now().await,
            4 if !bounded => tokio::time::sleep(millis(1)).await,
            _ => {}
        }
        let end = match dice % 100 {
            0..15 => End::Fail,
            15..18 => End::GiveUp,
            18..22 => End::Panic,
            22..25 if bounded => End::Hang,
            _ => End::Pass,
        };
        // Nothing that suspends follows: an attempt that is counted here has ended, unless it hangs.
        *self.made.lock().unwrap().entry((task, end)).or_default() += 1;
        match end {
            End::Pass => Ok(item),
            End::Fail => Err(Boom(item).into()),
            End::GiveUp => Err(Cancelled.into()),
            End::Panic => std::panic::resume_unwind(Box::new("planned")),
            End::Hang => std::future::pending().await,
        }
    }
}

fn is_known(item: &u64) -> bool {
    item % 10 == 9
}

fn is_saved(item: &u64) -> bool {
    item % 10 == 3
}

#[stage(workers = 3, queue = 8, retry = "per_task", attempts = 3, wait = "1ms", skip_if = is_known)]
pub(crate) async fn load(item: u64, plan: State<Plan>, cx: &TaskContext) -> Result<u64, BoxError> {
    plan.attempt("load", item, cx.attempt(), false).await
}

#[task(timeout = "5ms")]
pub(crate) async fn look(item: u64, plan: State<Plan>, cx: &TaskContext) -> Result<u64, BoxError> {
    plan.attempt("look", item, cx.attempt(), true).await
}

#[task(timeout = "5ms")]
pub(crate) async fn compare(
    item: u64,
    plan: State<Plan>,
    cx: &TaskContext,
) -> Result<u64, BoxError> {
    plan.attempt("compare", item, cx.attempt(), true).await
}

/// An item that is tried again lets go of its worker.
#[stage(
    workers = 4,
    queue = 8,
    retry = "per_stage",
    attempts = 2,
    wait = "1ms",
    on_wait = "release"
)]
pub(crate) struct Check(look, compare);

#[stage(workers = 2, queue = 2, skip_if = is_saved)]
pub(crate) async fn save(item: u64, plan: State<Plan>, cx: &TaskContext) -> Result<u64, BoxError> {
    plan.attempt("save", item, cx.attempt(), false).await
}
