use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::fault::{Done, corrupt};
use crate::cluster::Clock;
use crate::cluster::graph::{Graph, Node};
use crate::cluster::store::NodeRecord;

/// So many plans are kept ready.
const PLANS: usize = 256;

/// What all connections of a store use.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) max_payload: usize,
    plans: Mutex<Plans>,
}

/// What never changes of a run: read once, as reading a graph takes longer than a commit.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) graph: Graph,
    pub(super) params: Map<String, Value>,
}

#[derive(Debug, Default)]
struct Plans {
    by_run: HashMap<i64, Arc<Plan>>,
    oldest_first: VecDeque<i64>,
}

impl Plan {
    /// What the graph says of a node.
    pub(super) fn node(&self, record: &NodeRecord) -> Done<&Node> {
        self.graph.nodes().get(record.place).ok_or_else(|| {
            let what = format!("graph of run `{}`", record.run);
            corrupt(what, &format!("it has no node {}", record.place))
        })
    }
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn Clock>, max_payload: usize) -> Self {
        Self {
            clock,
            max_payload,
            plans: Mutex::default(),
        }
    }

    /// The plan of the run with this key, if it is kept. Keys of runs that are gone are not given again.
    pub(super) fn plan(&self, run: i64) -> Option<Arc<Plan>> {
        self.plans().by_run.get(&run).cloned()
    }

    pub(super) fn keep_plan(&self, run: i64, plan: &Arc<Plan>) {
        let mut plans = self.plans();
        if plans.by_run.insert(run, plan.clone()).is_none() {
            plans.oldest_first.push_back(run);
        }
        if plans.oldest_first.len() > PLANS
            && let Some(oldest) = plans.oldest_first.pop_front()
        {
            plans.by_run.remove(&oldest);
        }
    }

    /// Forgets all plans: keys that a transaction has given, and that failed, are given again.
    pub(super) fn forget_plans(&self) {
        *self.plans() = Plans::default();
    }

    fn plans(&self) -> std::sync::MutexGuard<'_, Plans> {
        // Plans are whole whatever panicked beside them.
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
