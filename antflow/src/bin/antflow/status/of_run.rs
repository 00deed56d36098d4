use std::collections::VecDeque;

use antflow::cluster::store::{ActiveRun, NodeRecord, OutboxRecord, RunRecord};
use antflow::cluster::{Cluster, RunKey, Timestamp};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::words::{NOTHING, ago, failure, left, maybe_ago, metrics, plain, short};

/// So many events are read at once.
const PAGE: u32 = 500;

/// A run with its nodes.
#[derive(Serialize)]
pub(super) struct OfRun {
    now_ms: Timestamp,
    pub(super) run: RunRecord,
    nodes: Vec<NodeRecord>,
    /// What workers have of it, with their checkpoints.
    active: Vec<ActiveRun>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<VecDeque<OutboxRecord>>,
}

pub(super) async fn look(cluster: &Cluster, run: &RunKey, events: usize) -> Result<OfRun, Failure> {
    let status = cluster.status(run).await?;
    let mut active = cluster.active_runs().await?;
    active.retain(|one| one.run == *run);
    let events = match events {
        0 => None,
        most => Some(last_events(cluster, run, most).await?),
    };
    Ok(OfRun {
        run: status.run,
        nodes: status.nodes,
        active,
        events,
        now_ms: cluster.now().await?,
    })
}

/// The last events of a run. All are read, and no more than these are kept.
async fn last_events(
    cluster: &Cluster,
    run: &RunKey,
    most: usize,
) -> Result<VecDeque<OutboxRecord>, Failure> {
    let mut last = VecDeque::new();
    let mut after = 0;
    loop {
        let page = cluster.events(run, after, PAGE).await?;
        let is_end = page.len() < PAGE as usize;
        for event in page {
            after = event.id;
            if last.len() == most {
                last.pop_front();
            }
            last.push_back(event);
        }
        if is_end {
            return Ok(last);
        }
    }
}

impl OfRun {
    pub(super) fn print(&self, out: &mut Output) -> Result<(), Failure> {
        if out.json {
            return out.document(self);
        }
        self.print_run(out)?;
        out.line("")?;
        self.print_nodes(out)?;
        self.print_details(out)?;
        self.print_events(out)
    }

    fn print_run(&self, out: &mut Output) -> Result<(), Failure> {
        let run = &self.run;
        out.line(format_args!(
            "run `{}`: {}",
            plain(run.id.as_str()),
            run.state.as_str()
        ))?;
        out.line(format_args!(
            "submitted {}",
            ago(self.now_ms, run.created_at)
        ))?;
        if let Some(at) = run.ended_at {
            out.line(format_args!("ended {}", ago(self.now_ms, at)))?;
        }
        if let Some(reason) = &run.reason {
            out.line(format_args!("reason: {}", plain(reason)))?;
        }
        Ok(())
    }

    fn print_nodes(&self, out: &mut Output) -> Result<(), Failure> {
        let header = [
            "NODE",
            "STATE",
            "ROLE",
            "EPOCH",
            "WORKER",
            "LEASE LEFT",
            "BATCHES",
            "ARTIFACTS",
            "METRICS",
        ];
        let rows = self.nodes.iter().map(|node| {
            let lease = node.lease.as_ref();
            let nothing = || NOTHING.to_owned();
            [
                plain(node.id.as_str()),
                node.state.as_str().to_owned(),
                plain(node.role.as_str()),
                node.epoch.to_string(),
                lease.map_or_else(nothing, |lease| plain(lease.worker.as_str())),
                lease.map_or_else(nothing, |lease| left(self.now_ms, lease.deadline)),
                node.totals.batches.to_string(),
                node.totals.artifacts.to_string(),
                metrics(&node.totals.metrics),
            ]
        });
        out.table(header, &[3, 6, 7], rows)
    }

    /// What is too long for a table.
    fn print_details(&self, out: &mut Output) -> Result<(), Failure> {
        for node in &self.nodes {
            let id = plain(node.id.as_str());
            if let Some(at) = node.retry_at {
                let wait = left(self.now_ms, at);
                out.line(format_args!("{id}: may be tried again in {wait}"))?;
            }
            if let Some(wrong) = &node.last_failure {
                let failures = node.failures;
                let text = failure(wrong);
                out.line(format_args!(
                    "{id}: failure {failures} since its last progress: {text}"
                ))?;
            }
            if let Some(reason) = &node.cancel_reason {
                out.line(format_args!("{id}: cancelled: {}", plain(reason)))?;
            }
        }
        for one in &self.active {
            if let Some(checkpoint) = &one.checkpoint {
                out.line(format_args!(
                    "{}: checkpoint of {} in epoch {}: {}",
                    plain(one.node.as_str()),
                    ago(self.now_ms, checkpoint.saved_at),
                    checkpoint.epoch,
                    short(checkpoint.data.as_str(), 200)
                ))?;
            }
        }
        Ok(())
    }

    fn print_events(&self, out: &mut Output) -> Result<(), Failure> {
        let Some(events) = &self.events else {
            return Ok(());
        };
        out.line("")?;
        let header = [
            "EVENT", "HAPPENED", "SAID", "NODE", "EPOCH", "WHAT", "WORKER",
        ];
        let rows = events.iter().map(|event| {
            let said = &event.envelope;
            let nothing = || NOTHING.to_owned();
            [
                event.id.to_string(),
                ago(self.now_ms, said.at),
                maybe_ago(self.now_ms, event.sent_at),
                said.node
                    .as_ref()
                    .map_or_else(nothing, |node| plain(node.as_str())),
                said.epoch.map_or_else(nothing, |epoch| epoch.to_string()),
                said.message.kind().to_owned(),
                said.worker
                    .as_ref()
                    .map_or_else(nothing, |worker| plain(worker.as_str())),
            ]
        });
        out.table(header, &[0, 4], rows)
    }
}
