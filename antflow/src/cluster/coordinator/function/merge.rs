use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{FunctionCall, FunctionError, ok};
use crate::cluster::NodeId;
use crate::cluster::protocol::Metrics;
use crate::cluster::state::NodeState;
use crate::cluster::store::{Artifact, BatchCommit, Finish, NewArtifact};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    from_nodes: Option<Vec<NodeId>>,
    #[serde(default = "yes")]
    copy: bool,
}

fn yes() -> bool {
    true
}

/// How far each node was read.
type Positions = BTreeMap<NodeId, u64>;

/// Makes the artifacts of nodes those of this one, in the order of the nodes and of their artifacts. What was copied is
/// not copied again, whatever happens in between.
pub(super) async fn merge(call: FunctionCall) -> Result<Finish, FunctionError> {
    let args: Args = call.args()?;
    let from = args.from_nodes.unwrap_or_else(|| call.parents().to_vec());
    let mut positions: Positions = match call.checkpoint() {
        Some(checkpoint) => checkpoint.data.read().map_err(|error| {
            FunctionError::permanent("bad_input", format!("the checkpoint: {error}"))
        })?,
        None => Positions::new(),
    };
    let mut complete = 0;
    let mut artifacts = 0;
    for node in &from {
        if args.copy {
            copy(&call, node, &mut positions).await?;
        }
        let record = call.node_of(node).await?;
        complete += u64::from(record.state == NodeState::Finished);
        artifacts += if args.copy {
            positions.get(node).copied().unwrap_or_default()
        } else {
            record.totals.artifacts
        };
    }
    Ok(ok(json!({
        "merged_from": from,
        "complete_nodes": complete,
        "partial_batches": artifacts,
        "merged_at": call.store().now().await?,
    })))
}

/// Copies what a node has, as far as it has come.
async fn copy(
    call: &FunctionCall,
    node: &NodeId,
    positions: &mut Positions,
) -> Result<(), FunctionError> {
    loop {
        call.check_cancelled()?;
        let after = positions.get(node).copied().unwrap_or_default();
        let page = call.read(node, after).await?;
        if page.artifacts.is_empty() {
            return Ok(());
        }
        positions.insert(node.clone(), page.next_after);
        let batches = page.artifacts.into_iter().map(batch).collect();
        call.commit(batches, positions).await?;
    }
}

fn batch(artifact: Artifact) -> BatchCommit {
    let uid = format!("{}/{}", artifact.node, artifact.uid);
    BatchCommit {
        uid: uid.as_str().into(),
        artifacts: vec![NewArtifact {
            uid: uid.into(),
            payload: artifact.payload,
            meta: artifact.meta,
        }],
        metrics: Metrics::new(),
    }
}
