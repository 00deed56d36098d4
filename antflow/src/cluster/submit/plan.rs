use std::time::Duration;

use crate::cluster::graph::{Catalog, Graph, GraphError, Node, Pull, RetryPolicy};
use crate::cluster::items::{ITEM, ITEMS};
use crate::cluster::staged::StageRole;
use crate::stage::{OnWait, Retry};

/// How long to wait before a node is tried again, the first time and at most. What fails here is no item: those have
/// the retries of their stage.
const BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// Processes may be killed so often while an item is worked on.
const INTERRUPTIONS: u32 = 1000;

/// So many items may wait for their next attempt without a worker, while others are worked on.
const WAITING: usize = 1000;

/// The graph of a line of stages: each reads what the one in front of it writes, while that goes on.
pub(super) fn graph(stages: &[StageRole]) -> Result<Graph, GraphError> {
    let mut nodes = vec![Node::input(ITEMS)];
    let mut before = ITEMS.to_owned();
    for stage in stages {
        let name = stage.config.name.clone().into_owned();
        // One for each worker to hold and one to take up next, while others are committed; and those that wait.
        let releases = |retry: &Retry| retry.on_wait == OnWait::Release;
        let releases = stage.config.retry.as_ref().is_some_and(releases);
        let waiting = if releases { WAITING } else { 0 };
        let at_once = stage
            .config
            .workers
            .saturating_mul(2)
            .saturating_add(waiting);
        let node = Node::new(name.as_str(), name.as_str())
            .pull(Pull::from_nodes([before]))
            .streaming()
            .with(ITEM, true)
            .fingerprint(stage.fingerprint.as_str())
            .concurrency(u32::try_from(at_once).unwrap_or(u32::MAX))
            .retry(
                RetryPolicy::default()
                    .max(5)
                    .backoff(BACKOFF)
                    .exponential(LONGEST_BACKOFF)
                    .max_interruptions(INTERRUPTIONS),
            );
        nodes.push(node);
        before = name;
    }
    Graph::new(nodes, &Catalog::any())
}
