//! One connection to a server of NATS: whether it stands, and what the server said last.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, Event, ServerError};
use tokio::sync::watch;
use tokio::time::Instant;

use super::super::BusError;
use super::super::queue::{CAPACITY, lock};
use super::super::refuse::refused;
use super::error::connecting;
use super::options::NatsOptions;

/// How long a server has to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How often the server is asked whether it is there. If it does not answer twice, the connection is made again.
const PING: Duration = Duration::from_secs(10);

/// The longest pause between two tries to connect again.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A connection, which its client makes again when it breaks.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) context: jetstream::Context,
    news: Arc<News>,
}

/// What the client has told.
#[derive(Debug)]
struct News {
    state: watch::Sender<State>,
    /// What the server does not allow, and when it said so.
    denied: Mutex<Option<(Instant, String)>>,
    dropped: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct State {
    is_up: bool,
    /// How often it was connected again.
    times: u64,
}

impl Link {
    pub(super) async fn connect(options: &NatsOptions) -> Result<Self, BusError> {
        let news = Arc::new(News {
            state: watch::Sender::new(State {
                is_up: true,
                times: 0,
            }),
            denied: Mutex::default(),
            dropped: AtomicU64::new(0),
        });
        let hears = Arc::clone(&news);
        let client = options
            .client()
            .await?
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .ping_interval(PING)
            .subscription_capacity(CAPACITY)
            .max_reconnects(None)
            .reconnect_delay_callback(pause)
            .event_callback(move |event| {
                hears.note(event);
                std::future::ready(())
            })
            .connect(options.servers.as_slice())
            .await
            .map_err(connecting)?;
        let context = ContextBuilder::new()
            .timeout(PATIENCE)
            .ack_timeout(PATIENCE);
        Ok(Self {
            context: context.build(client.clone()),
            client,
            news,
        })
    }

    /// Waits until the connection stands.
    pub(super) async fn is_up(&self) -> Result<(), BusError> {
        let mut state = self.news.state.subscribe();
        let up = state.wait_for(|state| state.is_up);
        match tokio::time::timeout(PATIENCE, up).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(BusError::Unavailable {
                reason: "the connection to the server of NATS broke, and is being made again"
                    .to_owned(),
                source: None,
            }),
        }
    }

    /// Hears of it when the connection was made again.
    pub(super) fn reconnects(&self) -> Reconnects {
        let mut state = self.news.state.subscribe();
        let times = state.borrow_and_update().times;
        Reconnects { state, times }
    }

    /// A message of a stream, with the way back to it.
    pub(super) fn received(&self, message: async_nats::Message) -> jetstream::Message {
        jetstream::Message {
            context: self.context.clone(),
            message,
        }
    }

    /// How many posts were dropped because nobody came for them.
    pub(super) fn dropped(&self) -> u64 {
        self.news.dropped.load(Ordering::Relaxed)
    }

    /// Puts what the server does not allow in the place of an error that says less: it answers nothing then.
    pub(super) fn explained(&self, error: BusError) -> BusError {
        let denied = lock(&self.news.denied).take();
        // What it said long ago was about something else.
        let denied = denied.filter(|(at, _)| at.elapsed() <= PATIENCE * 2);
        match (error, denied.map(|(_, said)| said)) {
            (BusError::Unavailable { reason, .. }, Some(denied)) => refused(format!(
                "{reason}: the server of NATS says `{denied}`; give the user of the bus the permission"
            )),
            (error, _) => error,
        }
    }
}

impl News {
    fn note(&self, event: Event) {
        match event {
            Event::Connected => self.state.send_modify(|state| {
                state.is_up = true;
                state.times += 1;
            }),
            Event::Disconnected | Event::Closed => {
                self.state.send_modify(|state| state.is_up = false);
            }
            Event::SlowConsumer(_) | Event::ServerError(ServerError::SlowConsumer(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            Event::ServerError(ServerError::Other(said)) if is_denial(&said) => {
                *lock(&self.denied) = Some((Instant::now(), said));
            }
            // The client says what it does by itself, and what is said elsewhere as an error.
            _ => {}
        }
    }
}

/// Hears when a connection was made again: what was asked of the server before is forgotten by it.
#[derive(Debug)]
pub(super) struct Reconnects {
    state: watch::Receiver<State>,
    times: u64,
}

impl Reconnects {
    /// Waits until it is made again, and for ever once the connection is gone.
    pub(super) async fn next(&mut self) {
        let times = self.times;
        let again = self.state.wait_for(|state| state.times != times).await;
        match again.map(|state| state.times) {
            Ok(times) => self.times = times,
            Err(_) => std::future::pending().await,
        }
    }
}

/// Does the server say that something is not allowed?
fn is_denial(said: &str) -> bool {
    said.to_ascii_lowercase().contains("permissions violation")
}

/// How long to wait before so many tries to connect again.
fn pause(tries: usize) -> Duration {
    let power = u32::try_from(tries).unwrap_or(u32::MAX).min(6);
    (Duration::from_millis(50) * 2_u32.pow(power)).min(LONGEST_PAUSE)
}
