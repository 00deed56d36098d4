use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use antflow::BoxError;
use antflow::cluster::Cluster;
use antflow::cluster::coordinator::CoordinatorConfig;
use antflow::cluster::testing::{BusFaults, FaultyBus};
use antflow::cluster::worker::{AttemptOutcome, WorkerConfig, WorkerEvent, WorkerObserver};
use serde_json::json;
use tokio::sync::oneshot;

use crate::args::{MemberArgs, Part};
use crate::tally::Tally;
use crate::work::{Passes, ROLES};

/// What becomes of the messages that each process says.
const FAULTS: BusFaults = BusFaults {
    lost: 0.05,
    repeated: 0.1,
    delayed: 0.1,
    reordered: 0.1,
    longest_delay: Duration::from_millis(300),
};

/// How often a process says what it has counted.
const TALLY: Duration = Duration::from_millis(100);

/// Serves until it is killed, or until the process that has started it is gone.
pub(crate) async fn serve(args: &MemberArgs) -> Result<(), BoxError> {
    let alone = alone();
    let cluster = args.place.connect().await?;
    let bus = FaultyBus::over(Arc::clone(cluster.bus()), args.seed);
    bus.set_faults(FAULTS);
    let cluster = Cluster::of(Arc::clone(cluster.store()), Arc::new(bus.clone()));
    let refused = Arc::new(AtomicU64::new(0));
    tokio::spawn(tell(bus, Arc::clone(&refused)));
    match args.part {
        Part::Worker => work(&cluster, &args.id, refused, alone).await,
        Part::Coordinator => coordinate(&cluster, &args.id, alone).await,
    }
}

/// Says again and again what was counted so far.
async fn tell(bus: FaultyBus, refused: Arc<AtomicU64>) {
    loop {
        tokio::time::sleep(TALLY).await;
        let counts = bus.counts();
        let tally = Tally {
            lost_messages: counts.lost,
            repeated_messages: counts.repeated,
            delayed_messages: counts.delayed,
            reordered_messages: counts.reordered,
            refused_attempts: refused.load(Ordering::Relaxed),
        };
        // Who has started this process may be gone; then it ends.
        drop(writeln!(std::io::stdout(), "{}", json!(tally)));
    }
}

/// Leases are short, so that who is replaced by another id is missed for a second or two.
async fn work(
    cluster: &Cluster,
    id: &str,
    refused: Arc<AtomicU64>,
    alone: oneshot::Receiver<()>,
) -> Result<(), BoxError> {
    let config = WorkerConfig {
        worker_id: Some(id.into()),
        lease_ttl: Duration::from_millis(800),
        hb_interval: Duration::from_millis(200),
        claim_poll: Duration::from_millis(100),
        ..WorkerConfig::default()
    };
    let builder = cluster.worker().config(config).observe(Refusals(refused));
    let builder = ROLES.into_iter().fold(builder, |builder, role| {
        builder.handler(role, Passes::default)
    });
    builder.build()?.run_until(alone).await?;
    Ok(())
}

/// Counts attempts whose node others have.
struct Refusals(Arc<AtomicU64>);

impl WorkerObserver for Refusals {
    fn event(&self, event: &WorkerEvent<'_>) {
        if let WorkerEvent::Attempt {
            outcome: AttemptOutcome::Lost,
            ..
        } = event
        {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What it takes to say, it holds for a short time, so that others say it soon once it was killed.
async fn coordinate(
    cluster: &Cluster,
    id: &str,
    alone: oneshot::Receiver<()>,
) -> Result<(), BoxError> {
    let config = CoordinatorConfig {
        coordinator_id: Some(id.into()),
        outbox_hold: Duration::from_secs(1),
        ..CoordinatorConfig::default()
    };
    let coordinator = cluster.coordinator().config(config).build()?;
    coordinator.run_until(alone).await;
    Ok(())
}

/// Hears when the process that has started this one is gone, and its end of the standard input with it.
fn alone() -> oneshot::Receiver<()> {
    let (gone, alone) = oneshot::channel();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let ended = std::io::stdin().read_to_end(&mut rest);
        // Whatever it says, nobody holds the other end; and who does not wait any more need not be told.
        drop((ended, gone));
    });
    alone
}
