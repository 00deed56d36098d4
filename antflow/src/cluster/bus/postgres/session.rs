//! One connection: its statements, and what is heard on it.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Connection, Error, Notification, Row, Statement};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::super::queue::CAPACITY;
use super::super::{BusError, Post};
use super::error::{failed, late};
use super::names::{Names, quoted};
use super::notice::Notice;
use crate::cluster::postgres::Target;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a statement may take.
const STATEMENT: Duration = Duration::from_secs(10);

/// How many posts of a group are kept; of more the oldest are dropped.
const KEPT: i64 = 10_000;

/// A connection. Statements may run on it at once; they are answered in order.
pub(super) struct Session {
    client: Client,
    statements: Statements,
    /// Ends the connection when it is cancelled, and is cancelled when the connection ends.
    pub(super) end: CancellationToken,
    missed: Arc<AtomicU64>,
    _guard: DropGuard,
}

struct Statements {
    say: Statement,
    say_large: Statement,
    take: Statement,
    give_back: Statement,
    large: Statement,
    join: Statement,
}

/// What was taken for a group: its number, its channel, its key, its bytes.
pub(super) struct Taken {
    pub(super) id: i64,
    pub(super) channel: String,
    pub(super) key: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

/// What is heard on a connection, until it ends.
pub(super) type Notifications = mpsc::Receiver<Notification>;

impl Session {
    /// Connects, and makes the tables that are missing.
    pub(super) async fn open(
        target: &Target,
        names: &Names,
    ) -> Result<(Self, Notifications), BusError> {
        let what = "connecting the bus to PostgreSQL";
        match timeout(CONNECT, Self::connect(target, names)).await {
            Ok(opened) => opened.map_err(|error| failed(what, error)),
            Err(_) => Err(late(what)),
        }
    }

    async fn connect(target: &Target, names: &Names) -> Result<(Self, Notifications), Error> {
        let (client, connection) = target.connect().await?;
        let end = CancellationToken::new();
        let (sender, notifications) = mpsc::channel(CAPACITY);
        let missed = Arc::new(AtomicU64::new(0));
        tokio::spawn(poll(connection, sender, Arc::clone(&missed), end.clone()));
        let guard = end.clone().drop_guard();
        // Nothing on the bus has to outlive a crash of the server, so nobody waits for its disk.
        client
            .batch_execute(&format!(
                "SET synchronous_commit TO off; SET statement_timeout TO {}; SET search_path TO {};
                 SET enable_seqscan TO off; SET plan_cache_mode TO force_generic_plan",
                STATEMENT.as_millis(),
                quoted(names.schema()),
            ))
            .await?;
        make_tables(&client, names).await?;
        let statements = Statements::prepare(&client).await?;
        let session = Self {
            client,
            statements,
            end,
            missed,
            _guard: guard,
        };
        Ok((session, notifications))
    }

    /// How many notifications were not heard since this was asked last.
    pub(super) fn missed(&self) -> u64 {
        self.missed.swap(0, Ordering::Relaxed)
    }

    /// Says a post: each group gets it, and everybody who listens hears of it.
    pub(super) async fn say(&self, channel: &str, post: &Post) -> Result<(), BusError> {
        let (key, bytes) = (post.key.as_bytes(), &*post.bytes);
        match Notice::write(post) {
            Some(notice) => {
                let values: [&(dyn ToSql + Sync); 4] = [&channel, &key, &bytes, &notice];
                self.run("saying a post", &self.statements.say, &values)
                    .await?;
            }
            None => {
                let values: [&(dyn ToSql + Sync); 3] = [&channel, &key, &bytes];
                self.run("saying a post", &self.statements.say_large, &values)
                    .await?;
            }
        }
        Ok(())
    }

    /// Takes the oldest post of a group that nobody else is taking.
    pub(super) async fn take(&self, group: &[u8]) -> Result<Option<Taken>, BusError> {
        let rows = self
            .run("taking a post", &self.statements.take, &[&group])
            .await?;
        Ok(rows.first().map(|row| Taken {
            id: row.get(0),
            channel: row.get(1),
            key: row.get(2),
            bytes: row.get(3),
        }))
    }

    /// Puts a post of a group back to its place, and lets the others know.
    pub(super) async fn give_back(&self, group: &[u8], taken: &Taken) -> Result<(), BusError> {
        let values: [&(dyn ToSql + Sync); 5] =
            [&group, &taken.id, &taken.channel, &taken.key, &taken.bytes];
        let run = self.run("giving a post back", &self.statements.give_back, &values);
        run.await.map(drop)
    }

    /// The key and the bytes of a post that did not fit.
    pub(super) async fn large(&self, id: i64) -> Result<Option<(Vec<u8>, Vec<u8>)>, BusError> {
        let rows = self
            .run("reading a large post", &self.statements.large, &[&id])
            .await?;
        Ok(rows.first().map(|row| (row.get(0), row.get(1))))
    }

    /// Lets the server know that a group hears these channels, still.
    pub(super) async fn join(&self, group: &[u8], channels: &[String]) -> Result<(), BusError> {
        let values: [&(dyn ToSql + Sync); 2] = [&channels, &group];
        let run = self.run("joining a group", &self.statements.join, &values);
        run.await.map(drop)
    }

    /// Hears what is said on these channels, from now on.
    pub(super) async fn listen(&self, channels: &[String]) -> Result<(), BusError> {
        let listens = channels
            .iter()
            .map(|channel| format!("LISTEN {};", quoted(channel)));
        self.execute("listening", &listens.collect::<String>())
            .await
    }

    /// Hears no more what is said on these channels.
    pub(super) async fn unlisten(&self, channels: &[String]) -> Result<(), BusError> {
        let ends = channels
            .iter()
            .map(|channel| format!("UNLISTEN {};", quoted(channel)));
        self.execute("listening no more", &ends.collect::<String>())
            .await
    }

    /// Removes what is old, here and in groups of which nobody is left. Says how many posts were too many.
    pub(super) async fn sweep(&self, groups: &[Vec<u8>]) -> Result<u64, BusError> {
        const WHAT: &str = "removing old posts";
        let mut dropped = 0;
        for group in groups {
            let values: [&(dyn ToSql + Sync); 2] = [group, &KEPT];
            let swept = self.client.execute(
                "DELETE FROM posts WHERE name = $1 AND id <= (SELECT id FROM posts WHERE name = $1
                 ORDER BY id DESC OFFSET $2 LIMIT 1)",
                &values,
            );
            dropped += self.answered(WHAT, swept).await?;
        }
        self.execute(
            WHAT,
            "DELETE FROM groups WHERE seen < now() - interval '5 minutes';
             DELETE FROM posts WHERE at < now() - interval '10 minutes'
                OR NOT EXISTS (SELECT FROM groups WHERE groups.name = posts.name);
             DELETE FROM large WHERE at < now() - interval '2 minutes'",
        )
        .await?;
        Ok(dropped)
    }

    async fn run(
        &self,
        what: &str,
        statement: &Statement,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, BusError> {
        self.answered(what, self.client.query(statement, values))
            .await
    }

    async fn execute(&self, what: &str, statements: &str) -> Result<(), BusError> {
        self.answered(what, self.client.batch_execute(statements))
            .await
    }

    /// A server that does not answer is left.
    async fn answered<T>(
        &self,
        what: &str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, BusError> {
        match timeout(STATEMENT + CONNECT, answer).await {
            Ok(answer) => answer.map_err(|error| failed(what, error)),
            Err(_) => {
                self.end.cancel();
                Err(late(what))
            }
        }
    }
}

impl Statements {
    async fn prepare(client: &Client) -> Result<Self, Error> {
        // Each group has its own copy; who hears all reads it in the notification.
        const KEEP: &str = "WITH kept AS (INSERT INTO posts (name, channel, key, bytes)
             SELECT name, $1, $2, $3 FROM groups WHERE channel = $1)";
        let say = format!("{KEEP} SELECT pg_notify($1, $4)");
        let say_large = format!(
            "{KEEP}, big AS (INSERT INTO large (key, bytes) VALUES ($2, $3) RETURNING id)
             SELECT pg_notify($1, '{}' || id) FROM big",
            Notice::LARGE
        );
        let give_back = format!(
            "WITH kept AS (INSERT INTO posts (name, id, channel, key, bytes)
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING)
             SELECT pg_notify($3, '{}')",
            Notice::WAKE
        );
        Ok(Self {
            say: client.prepare(&say).await?,
            say_large: client.prepare(&say_large).await?,
            take: client
                .prepare(
                    "DELETE FROM posts WHERE name = $1 AND id = (SELECT id FROM posts WHERE name = $1
                     ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, channel, key, bytes",
                )
                .await?,
            give_back: client.prepare(&give_back).await?,
            large: client.prepare("SELECT key, bytes FROM large WHERE id = $1").await?,
            join: client
                .prepare(
                    "INSERT INTO groups (channel, name) SELECT unnest($1::text[]), $2
                     ON CONFLICT (channel, name) DO UPDATE SET seen = now()",
                )
                .await?,
        })
    }
}

/// Runs a connection until it ends, or is ended.
async fn poll<S: AsyncRead + AsyncWrite + Unpin, T: AsyncRead + AsyncWrite + Unpin>(
    mut connection: Connection<S, T>,
    sender: mpsc::Sender<Notification>,
    missed: Arc<AtomicU64>,
    end: CancellationToken,
) {
    let _guard = end.clone().drop_guard();
    loop {
        let message = tokio::select! {
            message = poll_fn(|cx| connection.poll_message(cx)) => message,
            () = end.cancelled() => return,
        };
        match message {
            Some(Ok(AsyncMessage::Notification(said))) => {
                // To wait here would hold back the answers that somebody waits for who has to hear first.
                if sender.try_send(said).is_err() {
                    missed.fetch_add(1, Ordering::Relaxed);
                }
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}

/// Makes the tables that are not there. Whoever may not make them needs them to be there.
async fn make_tables(client: &Client, names: &Names) -> Result<(), Error> {
    let last = format!("{}.large", quoted(names.schema()));
    let there = client
        .query_one("SELECT to_regclass($1) IS NOT NULL", &[&last])
        .await?;
    if there.get(0) {
        return Ok(());
    }
    let tables = include_str!("tables.sql").replace("{schema}", &quoted(names.schema()));
    // One after the other, as making something at once that is not there fails. The number is nobody else's.
    client
        .batch_execute(&format!(
            "BEGIN; SELECT pg_advisory_xact_lock(7020115); {tables} COMMIT"
        ))
        .await
}
