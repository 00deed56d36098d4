//! Connections: made when they are needed, with pauses that grow while the server is away.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::{
    Connect, Manager, ManagerConfig, Pool, PoolConfig, RecyclingMethod, Runtime, Timeouts,
};
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::{Client, Config, Error};

use super::PostgresOptions;
use crate::cluster::postgres::Target;
use crate::cluster::store::StoreError;

/// The first pause after a connection that failed; each one is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Makes a pool of connections whose names without a schema are those of this one.
pub(super) fn make(
    target: &Target,
    schema: &str,
    options: &PostgresOptions,
) -> Result<Pool, StoreError> {
    let millis = options.timeout.as_millis().max(1);
    // Statements are planned once for each connection, perhaps while tables are empty: whatever is in them later,
    // what has an index is read by it. Without that, compiling a plan is not worth its time.
    let settings = format!(
        "SET search_path TO {schema};
         SET plan_cache_mode TO force_generic_plan; SET enable_seqscan TO off; SET jit TO off;
         SET default_transaction_isolation TO 'read committed';
         SET statement_timeout TO {millis}; SET lock_timeout TO {millis};
         SET idle_in_transaction_session_timeout TO {millis}"
    );
    let connector = Connector {
        target: target.clone(),
        settings: settings.into(),
        pause: Arc::default(),
    };
    let config = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_connect(target.config().clone(), connector, config);
    let mut config = PoolConfig::new(options.connections.max(1));
    config.timeouts = Timeouts {
        wait: None,
        create: Some(options.connect_timeout + LONGEST_PAUSE),
        recycle: Some(options.connect_timeout),
    };
    Pool::builder(manager)
        .config(config)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| StoreError::Invalid(error.to_string()))
}

struct Connector {
    target: Target,
    settings: Arc<str>,
    pause: Arc<Mutex<Pause>>,
}

/// How long nobody tries to connect.
#[derive(Debug, Default)]
struct Pause {
    failures: u32,
    until: Option<Instant>,
}

impl Connector {
    fn pause(&self) -> std::sync::MutexGuard<'_, Pause> {
        // Nothing panics while it is locked.
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn try_connect(&self) -> Result<(Client, JoinHandle<()>), Error> {
        let (client, connection) = self.target.connect().await?;
        let polled = tokio::spawn(async move {
            // Whoever waits for an answer is told, and the client is closed from then on.
            drop(connection.await);
        });
        let polled = Aborting(Some(polled));
        client.batch_execute(&self.settings).await?;
        Ok((client, polled.keep()))
    }
}

/// A task that ends with whoever started it, unless it is kept.
struct Aborting(Option<JoinHandle<()>>);

impl Aborting {
    fn keep(mut self) -> JoinHandle<()> {
        self.0.take().unwrap_or_else(|| tokio::spawn(async {}))
    }
}

impl Drop for Aborting {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Connect for Connector {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        Box::pin(async move {
            let until = self.pause().until;
            if let Some(until) = until {
                tokio::time::sleep_until(until).await;
            }
            let connected = self.try_connect().await;
            let mut pause = self.pause();
            if connected.is_ok() {
                *pause = Pause::default();
            } else {
                let longest = FIRST_PAUSE.saturating_mul(1 << pause.failures.min(16));
                let longest = longest.min(LONGEST_PAUSE);
                pause.failures += 1;
                pause.until = Some(Instant::now() + longest.mul_f64(0.5 + fastrand::f64() / 2.0));
            }
            connected
        })
    }
}
