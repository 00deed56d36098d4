//! Tests of handlers and graphs, also when everything goes wrong.
//!
//! # One time
//! The store of a [`TestCluster`] [goes with tokio's time](TokioClock). In a test with `start_paused = true`, leases,
//! pauses and deadlines pass as soon as nothing else is to be done, so hours take milliseconds, and there is one way to
//! let time pass: `tokio::time::sleep` or `tokio::time::advance`. ([`ManualClock`](super::ManualClock) is for tests of a
//! store alone, where nobody waits.)
//!
//! # A handler alone
//! [`Rehearsal`] runs a handler from `init` to `cleanup`, over inputs that it makes itself or that are given to it, and
//! shows what it wrote.
//!
//! # A graph under failure
//! | what fails | how |
//! |---|---|
//! | the bus loses, repeats, delays, reorders | [`FaultyBus::set_faults`], for one topic [`set_faults_on`](FaultyBus::set_faults_on) |
//! | the bus is away | [`FaultyBus::refuse`] |
//! | the store is away, before or after it has done what it should | [`FaultyStore::refuse`], [`FaultyStore::lose_answers`] |
//! | the store is slow | [`FaultyStore::delay`], [`FaultyStore::delay_answers`] |
//! | the store fails now and then | [`FaultyStore::fail_at_random`] |
//! | a worker dies at a certain point | [`TestCluster::doomed_worker`] |
//! | a coordinator dies at a certain point | [`TestCluster::doomed_coordinator`] |
//! | a worker dies at any moment | [`Doomed::kill`]; or the [`WorkerHandle`](super::worker::WorkerHandle) is dropped |
//!
//! What happens at random comes from a seed: the same seed gives the same faults.
//!
//! ```
//! use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
//! use antflow::cluster::state::RunState;
//! use antflow::cluster::testing::{BusFaults, StoreFaults, TestCluster, numbers};
//! use antflow::stage;
//!
//! #[stage]
//! async fn double(number: u32) -> u32 {
//!     number * 2
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), antflow::BoxError> {
//! # tokio::time::pause();
//! // In a test: `#[tokio::test(start_paused = true)]`.
//! let cluster = TestCluster::seeded(7)?;
//! cluster.faulty_bus().set_faults(BusFaults { lost: 0.3, repeated: 0.3, ..BusFaults::default() });
//! let doubles = Node::new("doubles", "Double").pull(Pull::from_nodes(["numbers"]));
//! let graph = Graph::new([Node::input("numbers"), doubles], &Catalog::any())?;
//! let run = cluster.submit_graph(graph).await?;
//! cluster.append_input(&run, "numbers", numbers(0..50)).await?;
//! cluster.close_input(&run, "numbers").await?;
//!
//! let worker = cluster.worker("w").role::<double>().build()?.start().await?;
//! cluster.faulty_store().fail_at_random(StoreFaults { unheard: 0.2, ..StoreFaults::default() });
//! assert_eq!(cluster.ended(&run).await.run.state, RunState::Finished);
//!
//! cluster.faulty_store().fail_at_random(StoreFaults::default());
//! cluster.assert_outputs(&run, "doubles", (0..50).map(|n| n * 2)).await;
//! worker.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod bus;
mod clock;
mod cluster;
mod crash;
mod difference;
mod doomed;
mod intercept;
mod rehearsal;
mod store;

pub use bus::{BusCounts, BusFaults, FaultyBus};
pub use clock::TokioClock;
pub use cluster::TestCluster;
pub use crash::CrashPoint;
pub use difference::Difference;
pub use doomed::Doomed;
pub use rehearsal::{Rehearsal, Rehearsed};
pub use store::{FaultyStore, StoreFaults};

use std::ops::Range;

use serde::Serialize;
use serde_json::Map;

use super::store::{NewArtifact, Payload};

/// Artifacts for an input node whose payloads are these, with the ids `1`, `2`, `3` and so on.
///
/// # Errors
/// One of them has no JSON.
pub fn inputs<T: Serialize>(
    payloads: impl IntoIterator<Item = T>,
) -> Result<Vec<NewArtifact>, serde_json::Error> {
    let artifact = |(number, payload): (u64, T)| {
        Ok(NewArtifact {
            uid: number.to_string().into(),
            payload: Payload::of(&payload)?,
            meta: Map::new(),
        })
    };
    (1..).zip(payloads).map(artifact).collect()
}

/// Artifacts for an input node whose payloads are numbers, with the numbers as ids.
#[must_use]
pub fn numbers(numbers: Range<u64>) -> Vec<NewArtifact> {
    let artifact = |number: u64| NewArtifact {
        uid: number.to_string().into(),
        payload: Payload::from(&number.into()),
        meta: Map::new(),
    };
    numbers.map(artifact).collect()
}
