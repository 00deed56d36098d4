//! The coordinator: does what time asks for, so that runs go on whatever happens to workers.
//!
//! What follows from an operation is done by the store, in the same transaction: no coordinator makes nodes ready or
//! ends runs. So a run needs none as long as all goes well, and any number may serve one store at once. What they do:
//!
//! | loop | what it does | when |
//! |---|---|---|
//! | reap | ends leases that nobody extends, or whose grace is over | when the store says that one is due |
//! | outbox | says the store's events on the bus, in their order | every `outbox_dispatch_tick_sec` |
//! | functions | runs nodes of the role `coordinator_fn` | at hints, and every `scheduler_tick_sec` |
//! | watch | marks silent workers; warns of nodes that none can take | every `hb_monitor_tick_sec`, and at news |
//! | purge | removes what need not be kept | every `purge_tick_sec` |
//! | hear | wakes the others; puts what it cannot understand into the dead letters | |
//!
//! # Coordinator functions
//! | `io.fn` | `io.fn_args` | what it does |
//! |---|---|---|
//! | `noop` | | nothing |
//! | `merge.generic` | `from_nodes` (the parents), `copy` (true) | makes artifacts of several nodes those of this one |
//! | `metrics.aggregate` | `node_id`, `mode`: `sum` or `mean` | reports the numbers of a node's batches as its own |
//! | `vars.set` | `kv`, or the keys themselves | sets variables of the run, by path |
//! | `vars.merge` | `data`, or `kv` | merges objects deeply into the variables |
//! | `vars.incr` | `key`, `by` (1) | adds to a number |
//! | `vars.unset` | `keys`: a list of paths | removes variables |
//!
//! `vars.*` take `block_sensitive` too: they then fail if a value looks like a secret.
//! [`CoordinatorBuilder::function`] adds functions, or replaces these.
//!
//! A function may run more than once: after a crash, a lost lease or a failure. What it gives back takes effect once,
//! in the transaction that ends its node; effects elsewhere need an idempotency key of run and node.
//!
//! Reason codes of their failures: `bad_input` (arguments), `bad_vars` (changes of variables that may not be),
//! `bad_output` (the store refuses what came of it), which are permanent; `unknown_function` (another coordinator may
//! have it), `panicked`, `timeout`, `store_unavailable`, `cancelled` (it gave up although nobody cancelled it).
//!
//! # Errors
//! No loop ends with an error: what the store or the bus refuses is counted, logged and tried again with growing
//! pauses; a loop that panics begins again. Nobody waits for the bus but what says events.
//!
//! # Example
//! ```
//! use antflow::cluster::Cluster;
//! use antflow::cluster::graph::{Catalog, Graph, Node};
//! use antflow::cluster::state::RunState;
//! use serde_json::{Map, json};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::in_memory()?;
//! let coordinator = cluster.coordinator().build()?.start();
//!
//! let args = Map::from_iter([("kv".to_owned(), json!({ "limits.daily": 5 }))]);
//! let graph = Graph::new([Node::function("set", "vars.set", args)], &Catalog::any())?;
//! let run = cluster.submit_graph(graph).await?;
//! let ended = cluster.wait(&run).await?;
//! assert_eq!(ended.run.state, RunState::Finished);
//! assert_eq!(ended.run.vars["limits"]["daily"], 5);
//!
//! coordinator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! [`Coordinator::from_env`] with [`run`](CoordinatorBuilder::run) makes it a program of its own; so does
//! `antflow coordinator`, with the feature `cli`.
//!
//! # Restarts
//! A coordinator has no state of its own: one that starts again, under whatever id, goes on where the last one ended,
//! and runs of healthy workers do not hear of it: they keep their leases and epochs. Events that happened meanwhile are
//! in the outbox. Functions that it had go on in their epoch if it starts again under the same
//! [`coordinator_id`](CoordinatorConfig::coordinator_id), and in the next one, with another coordinator, when their
//! leases have expired.
//!
//! # Cancelling
//! [`SteerStore::cancel`](crate::cluster::store::SteerStore::cancel) sets the flag, with its reason and grace; workers
//! are told by a signal on the bus, and look for the flag themselves. Nodes that are not ended when the grace is over are
//! reaped: whoever still runs them writes nothing more.
//!
//! # Warnings
//! In the log (feature `tracing`), and on the bus on `warnings.v1`, with these codes:
//!
//! | code | what it means |
//! |---|---|
//! | `no_worker` | nodes wait, and no live worker has their role |
//! | `other_fingerprint` | nodes wait, and live workers have the role with other types |
//! | `worker_silent` | a worker was not heard of for `heartbeat_soft_sec`, and counts as offline |
//! | `lease_expired` | a lease was ended because nobody extended it, or because its grace was over |
//! | `event_unsaid` | the bus did not take an event, which is in the dead letters now |
//! | `loop_panicked` | a loop panicked, and begins again |

mod builder;
mod config;
mod function;
mod handle;
mod hear;
mod outbox;
mod purge;
mod reap;
mod say;
mod serve;
mod shared;
mod stats;
mod supervise;
mod watch;

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

pub use super::build::BuildError;
pub use super::config::ConfigError;
pub use builder::CoordinatorBuilder;
pub use config::{CoordinatorConfig, ENV_PREFIX};
pub use function::{FunctionCall, FunctionError};
pub use handle::CoordinatorHandle;
pub use stats::CoordinatorStats;

use shared::Shared;

/// A coordinator that is configured and does not run yet; see the [module](self).
#[must_use = "a coordinator does nothing before it is started"]
pub struct Coordinator {
    shared: Arc<Shared>,
}

impl Coordinator {
    /// Begins to configure a coordinator.
    pub fn builder() -> CoordinatorBuilder {
        CoordinatorBuilder::new()
    }

    /// Starts it on the runtime that is running here.
    ///
    /// It waits for nothing: a store or a bus that is not there yet is tried again.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(self) -> CoordinatorHandle {
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            serve::serve(shared).await;
            drop(guard);
        });
        CoordinatorHandle {
            shared: self.shared,
            ended,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Runs it until `signal`, such as `tokio::signal::ctrl_c()`, and shuts it down then.
    ///
    /// # Cancel safety
    /// Dropped, it ends as a [`CoordinatorHandle`] that is dropped.
    pub async fn run_until<T>(self, signal: impl Future<Output = T>) {
        let coordinator = self.start();
        tokio::select! {
            _ = signal => coordinator.shutdown().await,
            () = coordinator.join() => {}
        }
    }
}

impl fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
