//! What a worker has to know of nodes that it has.

use std::collections::HashMap;

use serde_json::{Map, Value};
use tokio_postgres::Row;

use super::fault::Done;
use super::nodes::NodeRow;
use super::row::{moment, name, number};
use super::tx::{Tx, sql};
use crate::cluster::store::stored::read_json;
use crate::cluster::store::{Assignment, Checkpoint, Cursor, Payload};

impl Tx<'_> {
    /// Nodes with all that their worker needs. Those that nobody has are left out.
    pub(super) async fn assignments(&mut self, nodes: Vec<NodeRow>) -> Done<Vec<Assignment>> {
        if nodes.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<i64> = nodes.iter().map(|node| node.key).collect();
        let mut runs: Vec<i64> = nodes.iter().map(|node| node.run).collect();
        runs.sort_unstable();
        runs.dedup();
        let [vars, cursors, checkpoints] = self
            .ask([
                sql!("SELECT key, vars FROM runs WHERE key = ANY($1)", runs),
                sql!(
                    r#"SELECT node, source, seq, "offset" FROM cursors WHERE node = ANY($1) ORDER BY node, source"#,
                    keys.clone()
                ),
                sql!(CHECKPOINTS, keys),
            ])
            .await?;
        let mut all_vars: HashMap<i64, Map<String, Value>> = HashMap::new();
        for row in &vars {
            let vars = read_json(row.try_get(1)?, || "variables of a run".into())?;
            all_vars.insert(row.try_get(0)?, vars);
        }
        let mut all_cursors: HashMap<i64, Vec<Cursor>> = HashMap::new();
        for row in &cursors {
            let of_node = all_cursors.entry(row.try_get(0)?).or_default();
            of_node.push(cursor(row)?);
        }
        let mut checkpoints = read_checkpoints(&checkpoints)?;
        let mut given = Vec::with_capacity(nodes.len());
        for node in nodes {
            let (Some(lease), Some(held)) = (node.record.held_lease(), &node.record.lease) else {
                continue;
            };
            let plan = self.plan(node.run).await?;
            given.push(Assignment {
                lease,
                deadline: held.deadline,
                node: plan.node(&node.record)?.clone(),
                params: plan.params.clone(),
                vars: all_vars.get(&node.run).cloned().unwrap_or_default(),
                cursors: all_cursors.remove(&node.key).unwrap_or_default(),
                checkpoint: checkpoints.remove(&node.key),
                cancelling: node.record.cancel_notice(self.now),
                record: node.record,
            });
        }
        Ok(given)
    }

    /// What the handlers of nodes saved last.
    pub(super) async fn checkpoints(
        &mut self,
        nodes: &[NodeRow],
    ) -> Done<HashMap<i64, Checkpoint>> {
        let keys: Vec<i64> = nodes.iter().map(|node| node.key).collect();
        read_checkpoints(&self.all(sql!(CHECKPOINTS, keys)).await?)
    }
}

const CHECKPOINTS: &str =
    "SELECT node, data, epoch, saved_at FROM checkpoints WHERE node = ANY($1)";

fn read_checkpoints(rows: &[Row]) -> Done<HashMap<i64, Checkpoint>> {
    let read = |row: &Row| {
        let data: &str = row.try_get(1)?;
        let checkpoint = Checkpoint {
            data: Payload::from_stored(data),
            epoch: number(row, 2)?,
            saved_at: moment(row, 3)?,
        };
        Ok((row.try_get(0)?, checkpoint))
    };
    rows.iter().map(read).collect()
}

fn cursor(row: &Row) -> Done<Cursor> {
    Ok(Cursor {
        source: name(row, 1)?,
        seq: number(row, 2)?,
        offset: number(row, 3)?,
    })
}
