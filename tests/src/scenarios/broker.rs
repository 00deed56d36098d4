//! A broker that crashes and comes back while everybody works.

use super::ground::Ground;
use super::outages::survive;

/// C6: a broker that crashes and comes back loses no run and no event, and is used again.
pub async fn a_broker_that_crashes_and_comes_back_loses_nothing(ground: Ground) {
    survive(&ground, async || ground.restart_broker().await).await;
}
