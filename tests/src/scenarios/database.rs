//! A database that crashes and comes back while everybody works.

use super::ground::Ground;
use super::outages::survive;

/// C8: a database that crashes and comes back loses nothing that was committed, ends no loop and costs no lease.
pub async fn a_database_that_crashes_and_comes_back_loses_nothing(ground: Ground) {
    survive(&ground, async || ground.restart_database().await).await;
}
