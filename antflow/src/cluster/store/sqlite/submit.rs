//! How runs begin, get their input, and are cancelled.

use std::sync::Arc;

use serde_json::Value;

use super::fault::Done;
use super::runs::RunRow;
use super::tx::Tx;
use crate::cluster::state::{NodeState, RunState};
use crate::cluster::store::plan::Plan;
use crate::cluster::store::stored::{int, read_json, to_json};
use crate::cluster::store::{
    Appended, CancelRequest, Effects, NewArtifact, NewRun, NodeRecord, StoreError, Submitted,
    events,
};
use crate::cluster::{NodeId, RunKey};

pub(super) fn submit(tx: &Tx<'_>, new: NewRun) -> Done<Submitted> {
    let mut effects = Effects::default();
    let graph = new.graph.to_value();
    if is_there(tx, &new, &graph)? {
        return Ok(Submitted {
            run: new.id,
            is_new: false,
            effects,
        });
    }
    let key = tx.insert(
        "INSERT INTO runs (id, state, graph, params, priority, cancel_grace, vars, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, '{}', ?7)",
        (
            new.id.as_str(),
            RunState::Running.as_str(),
            to_json(&graph)?,
            to_json(&new.params)?,
            new.priority,
            int(new.cancel_grace.as_millis()),
            tx.now.as_millis(),
        ),
    )?;
    for (place, node) in new.graph.nodes().iter().enumerate() {
        let record = NodeRecord::new(new.id.clone(), place, node);
        tx.add_node(key, new.priority, node, &record)?;
    }
    tx.say(&events::run_started(&new.id, tx.now), key, None)?;
    let mut run = RunRow {
        key,
        id: new.id,
        state: RunState::Running,
        priority: new.priority,
        cancel_grace: new.cancel_grace,
        created_at: tx.now,
        ended_at: None,
        reason: None,
        failed_node: None,
        plan: Arc::new(Plan {
            graph: new.graph,
            params: new.params,
        }),
    };
    tx.settle(&mut run, None, &mut effects)?;
    Ok(Submitted {
        run: run.id,
        is_new: true,
        effects,
    })
}

/// Is the same run there already?
fn is_there(tx: &Tx<'_>, new: &NewRun, graph: &Value) -> Done<bool> {
    let stored = tx.one(
        "SELECT graph, params FROM runs WHERE id = ?1",
        [new.id.as_str()],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
    )?;
    let Some((its_graph, its_params)) = stored else {
        return Ok(false);
    };
    // What is written is compared: times in seconds lose their last digits on the way.
    let its_graph: Value = read_json(&its_graph, || format!("graph of run `{}`", new.id))?;
    let its_params: Value = read_json(&its_params, || format!("params of run `{}`", new.id))?;
    if its_graph == *graph && its_params.as_object() == Some(&new.params) {
        return Ok(true);
    }
    Err(StoreError::Conflict {
        what: "run",
        id: new.id.to_string(),
    }
    .into())
}

pub(super) fn append_input(
    tx: &Tx<'_>,
    run: &RunKey,
    node: &NodeId,
    artifacts: &[NewArtifact],
) -> Done<Appended> {
    let mut node = tx.node(run, node)?;
    let before = node.record.totals.artifacts;
    let mut appended = Appended::default();
    for artifact in artifacts {
        if tx.add_artifact(&mut node, artifact)? {
            appended.new += 1;
        } else {
            appended.duplicates += 1;
        }
    }
    appended.last_seq = node.record.totals.artifacts;
    if appended.new == 0 {
        return Ok(appended);
    }
    if node.record.state != NodeState::Open {
        return Err(StoreError::WrongState {
            what: "node",
            id: node.record.id.to_string(),
            state: node.record.state.as_str(),
            need: "only an open input node takes input",
        }
        .into());
    }
    node.record.totals.batches += appended.new;
    tx.save_progress(&node)?;
    if before == 0 {
        tx.settle_of(&node, &mut appended.effects)?;
    }
    Ok(appended)
}

pub(super) fn close_input(tx: &Tx<'_>, run: &RunKey, node: &NodeId) -> Done<Effects> {
    let mut effects = Effects::default();
    let mut node = tx.node(run, node)?;
    let plan = tx.plan(node.run)?;
    let is_input = plan.node(&node.record)?.is_input();
    if is_input && node.record.state == NodeState::Finished {
        return Ok(effects);
    }
    node.record.close(tx.now)?;
    tx.save_node(&node)?;
    let event = node.about(None, tx.now).done(&node.record.totals.metrics);
    tx.say(&event, node.run, Some(node.key))?;
    tx.settle_of(&node, &mut effects)?;
    Ok(effects)
}

pub(super) fn cancel(tx: &Tx<'_>, request: CancelRequest) -> Done<(RunState, Effects)> {
    let mut effects = Effects::default();
    let mut run = tx.run(tx.run_key(&request.run)?)?;
    if run.state == RunState::Running {
        run.state = RunState::Cancelling;
        run.reason = Some(request.reason);
        // Settling stores only what it changes itself.
        tx.save_run(&run)?;
        tx.settle(&mut run, request.grace, &mut effects)?;
    }
    Ok((run.state, effects))
}
