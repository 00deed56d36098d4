//! `antflow workers`.

use antflow::cluster::Timestamp;
use antflow::cluster::store::{ActiveRun, WorkerRecord};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::Output;
use crate::words::{NOTHING, ago, plain};

/// What is shown.
#[derive(Serialize)]
struct Workers {
    now_ms: Timestamp,
    workers: Vec<WorkerRecord>,
    active: Vec<ActiveRun>,
}

pub(crate) async fn run(context: &mut Context) -> Result<(), Failure> {
    let cluster = context.cluster().await?;
    let shown = Workers {
        workers: cluster.workers().await?,
        active: cluster.active_runs().await?,
        now_ms: cluster.now().await?,
    };
    if context.out.json {
        return context.out.document(&shown);
    }
    if shown.workers.is_empty() {
        return context.out.line("no worker was ever there");
    }
    table(
        &mut context.out,
        shown.now_ms,
        &shown.workers,
        &shown.active,
    )
}

/// Prints workers with what they work on.
pub(crate) fn table(
    out: &mut Output,
    now: Timestamp,
    workers: &[WorkerRecord],
    active: &[ActiveRun],
) -> Result<(), Failure> {
    let header = [
        "WORKER", "STATUS", "BUSY", "VERSION", "SEEN", "ROLES", "WORKS ON",
    ];
    let rows = workers.iter().map(|worker| {
        let said = &worker.announcement;
        let has = active.iter().filter(|one| one.worker == said.worker);
        let has: Vec<_> = has.map(|one| format!("{}/{}", one.run, one.node)).collect();
        [
            plain(said.worker.as_str()),
            plain(&said.status),
            format!("{}/{}", has.len(), said.capacity.tasks),
            plain(&said.version),
            ago(now, worker.last_seen),
            plain(&said.roles_text),
            if has.is_empty() {
                NOTHING.to_owned()
            } else {
                plain(&has.join(" "))
            },
        ]
    });
    out.table(header, &[2], rows)
}
