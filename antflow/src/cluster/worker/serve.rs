use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::hear::{self, Commands};
use super::shared::{Phase, Shared};
use super::{StartError, heartbeat, lead, teller};
use crate::cluster::bus::{BusError, Inbox, Post};
use crate::cluster::handler::pauses;
use crate::cluster::store::{Assignment, Effects, ResumeRequest, StoreError};

/// What a worker has once it is started.
pub(super) struct Started {
    commands: Commands,
    signals: Box<dyn Inbox>,
    resumed: Vec<Assignment>,
    asked: Instant,
    effects: Effects,
}

/// How often the start asks a store or a bus that is not available.
const START_TRIES: usize = 10;

/// How long the bus has to take what is still to be said when the worker ends.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Listens, registers, and takes up what a worker of this id had.
pub(super) async fn start(shared: &Shared) -> Result<Started, StartError> {
    let mut tries = pauses().take(START_TRIES);
    let (commands, signals) = loop {
        match listen(shared).await {
            Ok(open) => break open,
            Err(error) => {
                shared.warn("listening", &error);
                let may_pass = matches!(error, BusError::Unavailable { .. });
                wait(&mut tries, may_pass, error).await?;
            }
        }
    };
    heartbeat::announce_once(shared).await;
    let mut tries = pauses().take(START_TRIES);
    loop {
        let asked = Instant::now();
        match resume(shared).await {
            Ok((resumed, effects)) => {
                return Ok(Started {
                    commands,
                    signals,
                    resumed,
                    asked,
                    effects,
                });
            }
            Err(error) => {
                shared.store_error("resuming", &error);
                wait(&mut tries, error.is_transient(), error).await?;
            }
        }
    }
}

/// Waits before the next try; gives the error back if there is none.
async fn wait<E>(
    tries: &mut impl Iterator<Item = Duration>,
    may_pass: bool,
    error: E,
) -> Result<(), E> {
    match tries.next().filter(|_| may_pass) {
        Some(pause) => tokio::time::sleep(pause).await,
        None => return Err(error),
    }
    Ok(())
}

async fn listen(shared: &Shared) -> Result<(Commands, Box<dyn Inbox>), BusError> {
    let commands = Commands::open(shared).await?;
    Ok((commands, hear::open_signals(shared).await?))
}

async fn resume(shared: &Shared) -> Result<(Vec<Assignment>, Effects), StoreError> {
    let request = ResumeRequest {
        worker: shared.key.clone(),
        offers: shared.offers(),
        ttl: shared.config.lease_ttl,
    };
    shared.store.resume(request).await
}

/// Does the work, until the worker ends.
pub(super) async fn serve(shared: Arc<Shared>, started: Started, waiting: mpsc::Receiver<Post>) {
    let end_of_telling = CancellationToken::new();
    let mut telling = JoinSet::new();
    telling.spawn({
        let (shared, end) = (Arc::clone(&shared), end_of_telling.clone());
        async move { teller::tell(&shared, waiting, &end).await }
    });
    let end_of_announcing = CancellationToken::new();
    let mut announcing = JoinSet::new();
    announcing.spawn({
        let (shared, end) = (Arc::clone(&shared), end_of_announcing.clone());
        async move { heartbeat::announce(&shared, &end).await }
    });
    let mut loops = JoinSet::new();
    let (beats, looks, hears) = (shared.clone(), shared.clone(), shared.clone());
    loops.spawn(async move { heartbeat::beat(&beats).await });
    loops.spawn(async move { heartbeat::watch_cancellations(&looks).await });
    loops.spawn(async move { hear::signals(&hears, started.signals).await });
    shared.say_effects(started.effects);

    let resumed = (started.resumed, started.asked);
    lead::lead(&shared, resumed, started.commands).await;

    shared.advance(Phase::Stopping);
    loops.shutdown().await;
    end_of_announcing.cancel();
    while announcing.join_next().await.is_some() {}
    heartbeat::leave(&shared).await;
    end_of_telling.cancel();
    let told = async { while telling.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, told).await.is_err() {
        shared.counters.unsaid.one();
    }
}
