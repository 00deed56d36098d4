use std::sync::Arc;

use deadpool_postgres::{Object, Pool};
use futures_util::future::join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::fault::{Done, Fault};
use super::outbox::Said;
use super::settling::Scene;
use super::shared::Shared;
use crate::cluster::Timestamp;
use crate::cluster::store::plan::Plan;
use crate::cluster::store::stored::corrupt;

/// A value of a statement.
pub(super) type Param = Box<dyn ToSql + Sync + Send>;

/// A statement with its values.
pub(super) struct Sql {
    text: &'static str,
    params: Vec<Param>,
}

/// Makes a statement: its text, and its values in their order, which it takes.
macro_rules! sql {
    ($text:expr $(, $param:expr)* $(,)?) => {
        $crate::cluster::store::postgres::tx::Sql::new($text, vec![$(Box::new($param)),*])
    };
}
pub(super) use sql;

impl Sql {
    pub(super) fn new(text: &'static str, params: Vec<Param>) -> Self {
        Self { text, params }
    }
}

/// The store's clock, read when it comes to be asked.
pub(super) const CLOCK: &str = "SELECT clock_ms()";

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It writes. Each statement sees what was committed before it; rows are locked by whoever goes by what they say.
    Write,
    /// It reads, all of it of one snapshot.
    Snapshot,
    /// One statement, which is a transaction by itself.
    Single,
}

/// A transaction on a connection.
///
/// Writes wait, and go to the server in one go with the next question or with the end. The transaction begins with the
/// first of them: so as a rule there is one way to the server and back for each question, and one for the end.
///
/// Dropped before its end, it takes its connection with it, and the server undoes it.
pub(super) struct Tx<'s> {
    pub(super) shared: &'s Shared,
    connection: Option<Object>,
    mode: Mode,
    has_begun: bool,
    /// Has something been sent that was not answered, or a transaction begun that has not ended?
    is_open: bool,
    /// Carried out before the transaction, on its own.
    first: Option<Sql>,
    waiting: Vec<Sql>,
    pub(super) said: Vec<Said>,
    /// What is known of the run that is locked, until it is settled.
    pub(super) scene: Option<Scene>,
    /// The moment of the store's clock, once it was [read](Self::read_clock).
    pub(super) now: Timestamp,
}

impl<'s> Tx<'s> {
    /// Takes a connection; the transaction begins with its first statement.
    pub(super) async fn new(pool: &Pool, shared: &'s Shared, mode: Mode) -> Done<Self> {
        Ok(Self {
            shared,
            connection: Some(pool.get().await?),
            mode,
            has_begun: false,
            is_open: false,
            first: None,
            waiting: Vec::new(),
            said: Vec::new(),
            scene: None,
            now: Timestamp::default(),
        })
    }

    /// Has a statement carried out before the transaction, in one go with it.
    pub(super) fn before(&mut self, sql: Sql) {
        self.first = Some(sql);
    }

    /// Writes, later or at the end.
    pub(super) fn write(&mut self, sql: Sql) {
        self.waiting.push(sql);
    }

    /// Asks several questions in one go, in their order, behind all that waits to be written.
    pub(super) async fn ask<const N: usize>(&mut self, questions: [Sql; N]) -> Done<[Vec<Row>; N]> {
        let mut answers = self.send(questions.into(), false).await?.into_iter();
        Ok(std::array::from_fn(|_| answers.next().unwrap_or_default()))
    }

    /// All rows.
    pub(super) async fn all(&mut self, sql: Sql) -> Done<Vec<Row>> {
        let [rows] = self.ask([sql]).await?;
        Ok(rows)
    }

    /// The first row, if there is one.
    pub(super) async fn one(&mut self, sql: Sql) -> Done<Option<Row>> {
        Ok(self.all(sql).await?.into_iter().next())
    }

    /// Takes the time from the answer to [`CLOCK`].
    pub(super) fn read_clock(&mut self, rows: &[Row]) -> Done<()> {
        let row = rows
            .first()
            .ok_or_else(|| corrupt("the clock", "it says nothing"))?;
        self.now = Timestamp::from_millis(row.try_get(0)?);
        Ok(())
    }

    /// Ends the transaction: well, or by undoing it.
    pub(super) async fn end<T>(mut self, done: Done<T>) -> Done<T> {
        let given = match done {
            Ok(given) => given,
            Err(Fault::Refused(refused)) => {
                // If it cannot be undone by a word, the connection goes.
                self.is_open = self.has_begun && self.execute("ROLLBACK").await.is_err();
                return Err(refused.into());
            }
            // Whatever the server did not like about it: this connection goes, with all that it has prepared.
            Err(error) => return Err(error),
        };
        self.write_said();
        if self.has_begun || !self.waiting.is_empty() {
            self.send(Vec::new(), true).await?;
        }
        self.is_open = false;
        Ok(given)
    }

    /// Undoes what there is, and begins again with the next statement.
    pub(super) async fn start_over(&mut self) -> Done<()> {
        self.execute("ROLLBACK").await?;
        self.has_begun = false;
        self.waiting.clear();
        self.said.clear();
        self.scene = None;
        Ok(())
    }

    async fn execute(&self, text: &str) -> Result<(), Error> {
        match &self.connection {
            Some(connection) => connection.batch_execute(text).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, questions: Vec<Sql>, is_end: bool) -> Done<Vec<Vec<Row>>> {
        let Some(connection) = self.connection.as_deref() else {
            return Ok(Vec::new());
        };
        let before = usize::from(self.first.is_some());
        let mut all: Vec<Sql> = self.first.take().into_iter().collect();
        all.append(&mut self.waiting);
        let unasked = all.len();
        all.extend(questions);
        self.is_open = true;
        let mut prepared = Vec::with_capacity(all.len());
        for sql in &all {
            prepared.push(connection.prepare_cached(sql.text).await?);
        }
        let begins = self.mode != Mode::Single && !self.has_begun;
        self.has_begun |= begins;
        let begin = match self.mode {
            Mode::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write | Mode::Single => "BEGIN",
        };
        // They go to the server in the order in which they are polled first, which is this one.
        let mut steps = Vec::with_capacity(all.len() + 2);
        for (place, (sql, statement)) in all.iter().zip(&prepared).enumerate() {
            if place == before && begins {
                steps.push(Step::Word(begin));
            }
            steps.push(Step::Statement(sql, statement));
        }
        if is_end && self.mode != Mode::Single {
            steps.push(Step::Word("COMMIT"));
        }
        let sent = steps.iter().map(|step| step.take(connection));
        let mut answers = Vec::with_capacity(all.len());
        for (step, answer) in steps.iter().zip(join_all(sent).await) {
            let rows = answer?;
            if matches!(step, Step::Statement(..)) {
                answers.push(rows);
            }
        }
        if self.mode == Mode::Single {
            self.is_open = false;
        }
        Ok(answers.split_off(unasked))
    }

    /// The plan of a run that is stored.
    pub(super) async fn plan(&mut self, run: i64) -> Done<Arc<Plan>> {
        if let Some(plan) = self.shared.plans.get(run) {
            return Ok(plan);
        }
        let row = self
            .one(sql!(
                "SELECT id, graph, params FROM runs WHERE key = $1",
                run
            ))
            .await?
            .ok_or_else(|| corrupt("a node", "its run is not there any more"))?;
        let (id, graph, params) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let plan = Arc::new(Plan::read(id, graph, params)?);
        self.shared.plans.keep(run, &plan);
        Ok(plan)
    }
}

enum Step<'a> {
    Word(&'static str),
    Statement(&'a Sql, &'a tokio_postgres::Statement),
}

impl Step<'_> {
    async fn take(&self, client: &tokio_postgres::Client) -> Result<Vec<Row>, Error> {
        match self {
            Self::Word(word) => client.batch_execute(word).await.map(|()| Vec::new()),
            Self::Statement(sql, statement) => {
                let params: Vec<&(dyn ToSql + Sync)> = sql
                    .params
                    .iter()
                    .map(|param| &**param as &(dyn ToSql + Sync))
                    .collect();
                client.query(*statement, &params).await
            }
        }
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        if self.is_open
            && let Some(connection) = self.connection.take()
        {
            // It closes, and nobody gets it.
            drop(Object::take(connection));
        }
    }
}
