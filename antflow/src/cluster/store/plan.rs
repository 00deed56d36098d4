use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use super::stored::corrupt;
use super::{NodeRecord, StoreError};
use crate::cluster::graph::{Catalog, Graph, Node};

/// So many plans are kept ready.
const PLANS: usize = 256;

/// What never changes of a run: read once, as reading a graph takes longer than a commit.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) graph: Graph,
    pub(super) params: Map<String, Value>,
}

impl Plan {
    /// Reads what was stored of the run with this id.
    pub(super) fn read(run: &str, graph: &str, params: &str) -> Result<Self, StoreError> {
        let graph = Graph::from_json(graph, &Catalog::any())
            .map_err(|error| corrupt(format!("graph of run `{run}`"), &error))?;
        let params = super::stored::read_json(params, || format!("params of run `{run}`"))?;
        Ok(Self { graph, params })
    }

    /// What the graph says of a node.
    pub(super) fn node(&self, record: &NodeRecord) -> Result<&Node, StoreError> {
        self.graph.nodes().get(record.place).ok_or_else(|| {
            let what = format!("graph of run `{}`", record.run);
            corrupt(what, &format!("it has no node {}", record.place))
        })
    }
}

/// Plans by the keys of their runs, the newest ones.
#[derive(Debug, Default)]
pub(super) struct Plans(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_run: HashMap<i64, Arc<Plan>>,
    oldest_first: VecDeque<i64>,
}

impl Plans {
    /// The plan of the run with this key, if it is kept. Keys of runs that are gone are not given again.
    pub(super) fn get(&self, run: i64) -> Option<Arc<Plan>> {
        self.kept().by_run.get(&run).cloned()
    }

    pub(super) fn keep(&self, run: i64, plan: &Arc<Plan>) {
        let mut kept = self.kept();
        if kept.by_run.insert(run, plan.clone()).is_none() {
            kept.oldest_first.push_back(run);
        }
        if kept.oldest_first.len() > PLANS
            && let Some(oldest) = kept.oldest_first.pop_front()
        {
            kept.by_run.remove(&oldest);
        }
    }

    /// Forgets all plans.
    pub(super) fn forget(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Plans are whole whatever panicked beside them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
