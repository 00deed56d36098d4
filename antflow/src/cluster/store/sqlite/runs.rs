//! Rows of runs.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Row;
use serde_json::{Map, Value};

use super::fault::Done;
use super::tx::{Tx, maybe_moment, moment, name, number};
use crate::cluster::state::RunState;
use crate::cluster::store::RunRecord;
use crate::cluster::store::plan::Plan;
use crate::cluster::store::stored::{corrupt, not_found, read_json, to_json};
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

impl Tx<'_> {
    /// The key of a run.
    pub(super) fn run_key(&self, id: &RunKey) -> Done<i64> {
        self.one("SELECT key FROM runs WHERE id = ?1", [id.as_str()], |row| {
            row.get(0)
        })?
        .ok_or_else(|| not_found("run", id).into())
    }

    /// The run with this key, which is there.
    pub(super) fn run(&self, key: i64) -> Done<RunRow> {
        let plan = self.plan(key)?;
        self.one(
            "SELECT key, id, state, priority, cancel_grace, created_at, ended_at, reason, failed_node
             FROM runs WHERE key = ?1",
            [key],
            |row| Ok(read(row, plan)),
        )?
        .unwrap_or_else(|| Err(corrupt("a run", "it is not there any more").into()))
    }

    /// The variables of a run.
    pub(super) fn vars(&self, run: i64) -> Done<Map<String, Value>> {
        let vars: Option<String> =
            self.one("SELECT vars FROM runs WHERE key = ?1", [run], |row| {
                row.get(0)
            })?;
        let vars = vars.ok_or_else(|| corrupt("a run", "it is not there any more"))?;
        Ok(read_json(&vars, || "variables of a run".into())?)
    }

    /// Stores the variables of a run.
    pub(super) fn save_vars(&self, run: i64, vars: &Map<String, Value>) -> Done<()> {
        self.write(
            "UPDATE runs SET vars = ?2 WHERE key = ?1",
            (run, to_json(vars)?),
        )?;
        Ok(())
    }

    /// Stores the state of a run, and what goes with it.
    pub(super) fn save_run(&self, run: &RunRow) -> Done<()> {
        self.write(
            "UPDATE runs SET state = ?2, ended_at = ?3, reason = ?4, failed_node = ?5 WHERE key = ?1",
            (
                run.key,
                run.state.as_str(),
                run.ended_at.map(Timestamp::as_millis),
                run.reason.as_deref(),
                run.failed_node.as_ref().map(NodeId::as_str),
            ),
        )?;
        Ok(())
    }
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

fn read(row: &Row<'_>, plan: Arc<Plan>) -> Done<RunRow> {
    let id: RunKey = name(row, 1)?;
    Ok(RunRow {
        key: row.get(0)?,
        state: run_state(row, 2)?,
        priority: row.get(3)?,
        cancel_grace: Duration::from_millis(number(row, 4)?),
        created_at: moment(row, 5)?,
        ended_at: maybe_moment(row, 6)?,
        reason: row.get(7)?,
        failed_node: row.get::<_, Option<String>>(8)?.map(Into::into),
        id,
        plan,
    })
}

/// The state of a run, from a row.
pub(super) fn run_state(row: &Row<'_>, column: usize) -> Done<RunState> {
    let state: String = row.get(column)?;
    RunState::from_name(&state)
        .ok_or_else(|| corrupt("state of a run", &format!("`{state}` is unknown")).into())
}
