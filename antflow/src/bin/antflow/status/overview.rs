use antflow::cluster::state::RunState;
use antflow::cluster::store::{
    ActiveRun, Limits, RunFilter, RunSummary, Starving, StoreCounts, WorkerRecord,
};
use antflow::cluster::{Cluster, Timestamp};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::words::{ago, counts, maybe_ago, or_nothing, plain, short, span};
use crate::workers;

/// A cluster as a whole.
#[derive(Serialize)]
pub(super) struct Overview {
    now_ms: Timestamp,
    runs: Vec<RunSummary>,
    workers: Vec<WorkerRecord>,
    active: Vec<ActiveRun>,
    starving: Vec<Starving>,
    limits: Limits,
    counts: StoreCounts,
}

pub(super) async fn look(
    cluster: &Cluster,
    states: &[RunState],
    limit: u32,
) -> Result<Overview, Failure> {
    let filter = RunFilter {
        states: states.to_vec(),
        after: None,
        limit,
    };
    Ok(Overview {
        runs: cluster.runs(filter).await?,
        workers: cluster.workers().await?,
        active: cluster.active_runs().await?,
        starving: cluster.starving().await?,
        limits: cluster.limits().await?,
        counts: cluster.counts().await?,
        now_ms: cluster.now().await?,
    })
}

impl Overview {
    pub(super) fn print(&self, out: &mut Output) -> Result<(), Failure> {
        if out.json {
            return out.document(self);
        }
        self.print_runs(out)?;
        out.line("")?;
        self.print_workers(out)?;
        if !self.starving.is_empty() {
            out.line("")?;
            self.print_starving(out)?;
        }
        out.line("")?;
        out.line(format_args!("limits: {}", self.limits()))?;
        out.line(format_args!(
            "outbox: {} events wait to be said; dead letters: {}",
            self.counts.outbox, self.counts.dead_letters
        ))
    }

    fn print_runs(&self, out: &mut Output) -> Result<(), Failure> {
        out.line(format_args!("runs: {}", counts(&self.counts.runs)))?;
        if self.runs.is_empty() {
            return Ok(());
        }
        let header = ["RUN", "STATE", "SUBMITTED", "ENDED", "NODES", "REASON"];
        let rows = self.runs.iter().map(|run| {
            [
                plain(run.id.as_str()),
                run.state.as_str().to_owned(),
                ago(self.now_ms, run.created_at),
                maybe_ago(self.now_ms, run.ended_at),
                counts(&run.nodes),
                short(&or_nothing(run.reason.as_deref()), 60),
            ]
        });
        out.table(header, &[], rows)
    }

    fn print_workers(&self, out: &mut Output) -> Result<(), Failure> {
        out.line(format_args!("workers: {} online", self.counts.workers))?;
        if self.workers.is_empty() {
            return Ok(());
        }
        workers::table(out, self.now_ms, &self.workers, &self.active)
    }

    fn print_starving(&self, out: &mut Output) -> Result<(), Failure> {
        out.line("nodes that no worker can take:")?;
        let header = ["ROLE", "NODES", "WAIT FOR", "TYPES", "TYPES OF WORKERS"];
        let rows = self.starving.iter().map(|one| {
            [
                plain(one.role.as_str()),
                one.nodes.to_string(),
                span(self.now_ms.since(one.since)),
                or_nothing(one.fingerprint.as_deref()),
                or_nothing(Some(&one.offered.join(" "))),
            ]
        });
        out.table(header, &[1], rows)
    }

    fn limits(&self) -> String {
        let all = self
            .limits
            .global
            .map(|limit| format!("{limit} over all roles"));
        let roles = self.limits.roles.iter();
        let roles = roles.map(|(role, limit)| format!("{limit} of `{}`", plain(role.as_str())));
        let texts: Vec<_> = all.into_iter().chain(roles).collect();
        if texts.is_empty() {
            return "none".to_owned();
        }
        texts.join(", ")
    }
}
