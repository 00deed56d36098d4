//! How runs begin, get their input, and are cancelled.

use std::sync::Arc;

use serde_json::Value;

use super::fault::Done;
use super::nodes::{LOCK_RUN, NodeRow, lock_node};
use super::runs::RunRow;
use super::tx::{CLOCK, Tx, sql};
use crate::cluster::state::{NodeState, RunState};
use crate::cluster::store::plan::Plan;
use crate::cluster::store::stored::{int, not_found, read_json, to_json};
use crate::cluster::store::{
    Appended, CancelRequest, Effects, NewArtifact, NewRun, NodeRecord, StoreError, Submitted,
    events,
};
use crate::cluster::{NodeId, RunKey};

pub(super) async fn submit(tx: &mut Tx<'_>, new: &NewRun) -> Done<Submitted> {
    let mut effects = Effects::default();
    let graph = new.graph.to_value();
    let [clock, added] = tx
        .ask([
            sql!(CLOCK),
            sql!(
                "INSERT INTO runs (id, state, graph, params, priority, cancel_grace, vars, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, '{}', clock_ms())
                 ON CONFLICT (id) DO NOTHING RETURNING key, created_at",
                new.id.to_string(),
                RunState::Running.as_str(),
                to_json(&graph)?,
                to_json(&new.params)?,
                new.priority,
                int(new.cancel_grace.as_millis()),
            ),
        ])
        .await?;
    tx.read_clock(&clock)?;
    let Some(added) = added.first() else {
        check_same(tx, new, &graph).await?;
        return Ok(Submitted {
            run: new.id.clone(),
            is_new: false,
            effects,
        });
    };
    let key: i64 = added.try_get(0)?;
    let nodes = new.graph.nodes().iter().enumerate();
    let records: Vec<NodeRecord> = nodes
        .map(|(place, node)| NodeRecord::new(new.id.clone(), place, node))
        .collect();
    tx.add_nodes(key, new, &records);
    tx.say(&events::run_started(&new.id, tx.now), key, None);
    let mut run = RunRow {
        key,
        id: new.id.clone(),
        state: RunState::Running,
        priority: new.priority,
        cancel_grace: new.cancel_grace,
        created_at: super::row::moment(added, 1)?,
        ended_at: None,
        reason: None,
        failed_node: None,
        plan: Arc::new(Plan {
            graph: new.graph.clone(),
            params: new.params.clone(),
        }),
    };
    tx.settle(&mut run, None, &mut effects).await?;
    Ok(Submitted {
        run: run.id,
        is_new: true,
        effects,
    })
}

/// Checks that the run which is there is the same.
async fn check_same(tx: &mut Tx<'_>, new: &NewRun, graph: &Value) -> Done<()> {
    let text = "SELECT graph, params FROM runs WHERE id = $1";
    let row = tx.one(sql!(text, new.id.to_string())).await?;
    let row = row.ok_or_else(|| not_found("run", &new.id))?;
    // What is written is compared: times in seconds lose their last digits on the way.
    let its_graph: Value = read_json(row.try_get(0)?, || format!("graph of run `{}`", new.id))?;
    let its_params: Value = read_json(row.try_get(1)?, || format!("params of run `{}`", new.id))?;
    if its_graph == *graph && its_params.as_object() == Some(&new.params) {
        return Ok(());
    }
    Err(StoreError::Conflict {
        what: "run",
        id: new.id.to_string(),
    }
    .into())
}

pub(super) async fn append_input(
    tx: &mut Tx<'_>,
    run: &RunKey,
    node: &NodeId,
    artifacts: &[NewArtifact],
) -> Done<Appended> {
    let mut input = lock(tx, run, node, false).await?;
    if input.record.totals.artifacts == 0 && !artifacts.is_empty() {
        // It settles, and whoever settles locks the run first.
        tx.start_over().await?;
        input = lock(tx, run, node, true).await?;
    }
    let before = input.record.totals.artifacts;
    let mut there = tx.artifacts_there(&input, artifacts).await?;
    let new: Vec<&NewArtifact> = artifacts
        .iter()
        .filter(|artifact| there.insert(artifact.uid.to_string()))
        .collect();
    let mut appended = Appended {
        new: new.len() as u64,
        duplicates: (artifacts.len() - new.len()) as u64,
        last_seq: before + new.len() as u64,
        ..Appended::default()
    };
    if appended.new == 0 {
        return Ok(appended);
    }
    if input.record.state != NodeState::Open {
        return Err(StoreError::WrongState {
            what: "node",
            id: input.record.id.to_string(),
            state: input.record.state.as_str(),
            need: "only an open input node takes input",
        }
        .into());
    }
    tx.add_artifacts(&mut input, &new)?;
    input.record.totals.batches += appended.new;
    tx.save_progress(&input)?;
    if before == 0 {
        tx.settle_of(&input, &mut appended.effects).await?;
    }
    Ok(appended)
}

async fn lock(tx: &mut Tx<'_>, run: &RunKey, node: &NodeId, with_run: bool) -> Done<NodeRow> {
    if with_run {
        return tx.lock_with_run(run, node).await;
    }
    let [rows, clock] = tx.ask([lock_node(run, node), sql!(CLOCK)]).await?;
    tx.read_clock(&clock)?;
    tx.found(&rows, run, node).await
}

pub(super) async fn close_input(tx: &mut Tx<'_>, run: &RunKey, node: &NodeId) -> Done<Effects> {
    let mut effects = Effects::default();
    let mut node = tx.lock_with_run(run, node).await?;
    let plan = tx.plan(node.run).await?;
    let is_input = plan.node(&node.record)?.is_input();
    if is_input && node.record.state == NodeState::Finished {
        return Ok(effects);
    }
    node.record.close(tx.now)?;
    tx.save_node(&mut node)?;
    let event = node.about(None, tx.now).done(&node.record.totals.metrics);
    tx.say(&event, node.run, Some(node.key));
    tx.settle_of(&node, &mut effects).await?;
    Ok(effects)
}

pub(super) async fn cancel(tx: &mut Tx<'_>, request: &CancelRequest) -> Done<(RunState, Effects)> {
    let mut effects = Effects::default();
    let [locked, clock] = tx
        .ask([sql!(LOCK_RUN, request.run.to_string()), sql!(CLOCK)])
        .await?;
    tx.read_clock(&clock)?;
    let locked = locked.first();
    let key = locked.ok_or_else(|| not_found("run", &request.run))?;
    let mut run = tx.run(key.try_get(0)?).await?;
    if run.state == RunState::Running {
        run.state = RunState::Cancelling;
        run.reason = Some(request.reason.clone());
        // Settling stores only what it changes itself.
        tx.save_run(&run);
        tx.settle(&mut run, request.grace, &mut effects).await?;
    }
    Ok((run.state, effects))
}
