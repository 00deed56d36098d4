use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{FunctionCall, FunctionError, ok};
use crate::cluster::protocol::Metrics;
use crate::cluster::store::Finish;
use crate::cluster::{BatchUid, NodeId};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    node_id: NodeId,
    #[serde(default)]
    mode: Mode,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Sum,
    Mean,
}

/// So many batches are read at once.
const PAGE: u32 = 1000;

/// Reports the numbers of a node: all that its batches and its end said, or the mean of its batches.
pub(super) async fn aggregate(call: FunctionCall) -> Result<Finish, FunctionError> {
    let args: Args = call.args()?;
    let node = call.node_of(&args.node_id).await?;
    let metrics = match args.mode {
        Mode::Sum => node.totals.metrics,
        Mode::Mean => means(&call, &args.node_id).await?,
    };
    let result = json!({
        "node_id": args.node_id,
        "batches": node.totals.batches,
        "metrics": metrics,
    });
    Ok(Finish {
        metrics,
        ..ok(result)
    })
}

/// The mean of each number, over the batches that report it.
async fn means(call: &FunctionCall, node: &NodeId) -> Result<Metrics, FunctionError> {
    let mut means: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let mut after: Option<BatchUid> = None;
    loop {
        call.check_cancelled()?;
        let page = call
            .store()
            .batches(call.run().clone(), node.clone(), after, PAGE)
            .await?;
        let Some(last) = page.last() else {
            let mean = |(name, (mean, _))| (name, mean);
            return Ok(means.into_iter().map(mean).collect());
        };
        after = Some(last.uid.clone());
        for (name, value) in page.into_iter().flat_map(|batch| batch.metrics) {
            // Kept as a mean at each step, so that no sum grows beyond all numbers.
            let (mean, count) = means.entry(name).or_default();
            *count += 1.0;
            *mean += value / *count - *mean / *count;
        }
    }
}
