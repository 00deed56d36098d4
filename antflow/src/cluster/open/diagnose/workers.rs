use std::time::Duration;

use super::{Examination, patiently};
use crate::cluster::graph::{COORDINATOR_FN, Graph};
use crate::cluster::store::{Offer, Store, WorkerRecord};
use crate::cluster::{Finding, Role};

/// A worker that is said to be there and was not seen for so long is silent.
const SILENCE: Duration = Duration::from_secs(90);

/// What a node asks of a worker.
type Ask = (Role, Option<String>);

/// What the nodes of a graph ask of workers.
pub(super) fn asks(graph: &Graph) -> Vec<Ask> {
    let mut asks: Vec<_> = graph
        .nodes()
        .iter()
        .filter(|node| !node.is_input() && node.role != COORDINATOR_FN)
        .map(|node| (node.role.clone(), node.fingerprint.clone()))
        .collect();
    asks.sort_unstable();
    asks.dedup();
    asks
}

/// Looks at who is there, and at who is missing.
pub(super) async fn examine(
    store: &dyn Store,
    examination: &Examination,
    findings: &mut Vec<Finding>,
) {
    let asked = patiently(examination.patience, async {
        Ok((
            store.workers().await?,
            store.starving().await?,
            store.now().await?,
        ))
    });
    let (workers, starving, now) = match asked.await {
        Ok(asked) => asked,
        Err(said) => {
            findings.push(Finding::problem("workers", said, super::STORE));
            return;
        }
    };
    let live: Vec<_> = live(&workers).collect();
    findings.push(if live.is_empty() {
        let advice = "start one: see `Worker::from_env`";
        Finding::warning("workers", "none is there", advice)
    } else {
        Finding::fine("workers", format!("{} are there", live.len()))
    });
    for worker in &live {
        let silence = now.since(worker.last_seen);
        if silence > SILENCE {
            findings.push(Finding::warning(
                format!("worker `{}`", worker.announcement.worker),
                format!("it said nothing for {silence:?}"),
                "look at its process; a coordinator takes it for offline in time",
            ));
        }
    }
    let offers: Vec<_> = live.iter().flat_map(|worker| offers(worker)).collect();
    for (role, fingerprint) in examination.graph.iter().flat_map(asks) {
        findings.push(of_role(&role, fingerprint.as_deref(), &offers));
    }
    for one in starving {
        let is_asked = examination.graph.iter().flat_map(asks);
        if !is_asked
            .into_iter()
            .any(|ask| ask == (one.role.clone(), one.fingerprint.clone()))
        {
            let mut found = of_role(&one.role, one.fingerprint.as_deref(), &offers);
            found.said = format!("{} nodes wait: {}", one.nodes, found.said);
            findings.push(found);
        }
    }
}

/// Those that are not offline.
pub(super) fn live(workers: &[WorkerRecord]) -> impl Iterator<Item = &WorkerRecord> {
    let live = |worker: &&WorkerRecord| worker.announcement.status != "offline";
    workers.iter().filter(live)
}

fn offers(worker: &WorkerRecord) -> Vec<Offer> {
    let able = &worker.announcement.capabilities;
    let offer = |role: &Role| Offer {
        role: role.clone(),
        fingerprint: able.fingerprints.get(role).cloned(),
    };
    able.roles.iter().map(offer).collect()
}

fn of_role(role: &Role, fingerprint: Option<&str>, offers: &[Offer]) -> Finding {
    let what = format!("role `{role}`");
    let fitting = offers.iter().filter(|offer| offer.fits(role, fingerprint));
    let fitting = fitting.count();
    if fitting > 0 {
        return Finding::fine(what, format!("{fitting} workers have it"));
    }
    if offers.iter().any(|offer| offer.role == *role) {
        let said = "the workers that have it work with other types";
        let advice =
            "start workers of the version that the run was submitted with, or submit it anew";
        return Finding::problem(what, said, advice);
    }
    Finding::problem(what, "no worker that is there has it", "start one that has")
}
