//! Rows of runs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio_postgres::Row;

use super::fault::Done;
use super::row::{maybe_moment, maybe_text, moment, name, number};
use super::tx::{Tx, sql};
use crate::cluster::state::RunState;
use crate::cluster::store::plan::Plan;
use crate::cluster::store::stored::{corrupt, not_found, read_json, to_json};
use crate::cluster::store::{RunRecord, StoreError};
use crate::cluster::{NodeId, RunKey, Timestamp};

/// A run without its variables.
#[derive(Debug)]
pub(super) struct RunRow {
    pub(super) key: i64,
    pub(super) id: RunKey,
    pub(super) state: RunState,
    pub(super) priority: i32,
    pub(super) cancel_grace: Duration,
    pub(super) created_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) reason: Option<String>,
    pub(super) failed_node: Option<NodeId>,
    pub(super) plan: Arc<Plan>,
}

pub(super) const RUN: &str =
    "SELECT key, id, state, priority, cancel_grace, created_at, ended_at, reason, failed_node
     FROM runs WHERE key = $1";

/// The run that was looked for by [`RUN`], which is there.
pub(super) fn read_run(rows: &[Row], plan: Arc<Plan>) -> Done<RunRow> {
    read(rows.first().ok_or_else(gone)?, plan)
}

impl Tx<'_> {
    /// The key of a run.
    pub(super) async fn run_key(&mut self, id: &RunKey) -> Done<i64> {
        let row = self
            .one(sql!("SELECT key FROM runs WHERE id = $1", id.to_string()))
            .await?;
        Ok(row.ok_or_else(|| not_found("run", id))?.try_get(0)?)
    }

    /// The run with this key, which is there.
    pub(super) async fn run(&mut self, key: i64) -> Done<RunRow> {
        let plan = self.plan(key).await?;
        let rows = self.all(sql!(RUN, key)).await?;
        read_run(&rows, plan)
    }

    /// The variables of a run.
    pub(super) async fn vars(&mut self, run: i64) -> Done<Map<String, Value>> {
        let row = self
            .one(sql!("SELECT vars FROM runs WHERE key = $1", run))
            .await?;
        let row = row.ok_or_else(gone)?;
        Ok(read_json(row.try_get(0)?, || "variables of a run".into())?)
    }

    /// Stores the variables of a run.
    pub(super) fn save_vars(&mut self, run: i64, vars: &Map<String, Value>) -> Done<()> {
        let text = "UPDATE runs SET vars = $2 WHERE key = $1";
        self.write(sql!(text, run, to_json(vars)?));
        Ok(())
    }

    /// Stores the state of a run, and what goes with it.
    pub(super) fn save_run(&mut self, run: &RunRow) {
        self.write(sql!(
            "UPDATE runs SET state = $2, ended_at = $3, reason = $4, failed_node = $5 WHERE key = $1",
            run.key,
            run.state.as_str(),
            run.ended_at.map(Timestamp::as_millis),
            run.reason.clone(),
            run.failed_node.as_ref().map(NodeId::to_string),
        ));
    }
}

fn gone() -> StoreError {
    corrupt("a run", "it is not there any more")
}

impl RunRow {
    /// The run as it is told to others.
    pub(super) fn into_record(self, vars: Map<String, Value>) -> RunRecord {
        RunRecord {
            id: self.id,
            state: self.state,
            graph: self.plan.graph.clone(),
            params: self.plan.params.clone(),
            priority: self.priority,
            cancel_grace: self.cancel_grace,
            vars,
            created_at: self.created_at,
            ended_at: self.ended_at,
            reason: self.reason,
            failed_node: self.failed_node,
        }
    }
}

fn read(row: &Row, plan: Arc<Plan>) -> Done<RunRow> {
    Ok(RunRow {
        key: row.try_get(0)?,
        id: name(row, 1)?,
        state: run_state(row, 2)?,
        priority: row.try_get(3)?,
        cancel_grace: Duration::from_millis(number(row, 4)?),
        created_at: moment(row, 5)?,
        ended_at: maybe_moment(row, 6)?,
        reason: maybe_text(row, 7)?.map(Into::into),
        failed_node: maybe_text(row, 8)?.map(Into::into),
        plan,
    })
}

/// The state of a run, from a row.
pub(super) fn run_state(row: &Row, column: usize) -> Done<RunState> {
    let state: &str = row.try_get(column)?;
    let known = RunState::from_name(state);
    Ok(known.ok_or_else(|| corrupt("state of a run", &format!("`{state}` is unknown")))?)
}
