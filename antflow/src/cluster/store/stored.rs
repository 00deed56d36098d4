//! What engines share of how things are written, read and refused.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{NewArtifact, NodeRecord, Offer, Starving, StoreError, WorkerRecord};
use crate::cluster::graph::{Node, Partition};
use crate::cluster::{NodeId, Role, Timestamp};

/// The status of a worker that has gone away.
pub(super) const OFFLINE: &str = "offline";

/// There is no such thing.
pub(super) fn not_found(what: &'static str, id: &impl ToString) -> StoreError {
    StoreError::NotFound {
        what,
        id: id.to_string(),
    }
}

/// What is stored cannot be understood.
pub(super) fn corrupt(what: impl Into<String>, reason: &(impl ToString + ?Sized)) -> StoreError {
    StoreError::Corrupt {
        what: what.into(),
        reason: reason.to_string(),
    }
}

/// Something else has the id of this artifact.
pub(super) fn taken(artifact: &NewArtifact) -> StoreError {
    StoreError::Conflict {
        what: "artifact",
        id: artifact.uid.to_string(),
    }
}

/// Checks that a node reads the source of a cursor, or waits for it.
pub(super) fn check_source(
    reader: &Node,
    record: &NodeRecord,
    source: &NodeId,
) -> Result<(), StoreError> {
    if reader.sources().contains(source) || reader.parents().contains(source) {
        return Ok(());
    }
    let reason = format!("node `{}` does not read `{source}`", record.id);
    Err(StoreError::Invalid(reason))
}

/// A value as the text that is stored.
pub(super) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt("a value to be stored", &error))
}

/// The value of a text that was stored.
pub(super) fn read_json<T: DeserializeOwned>(
    text: &str,
    what: impl FnOnce() -> String,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt(what(), &error))
}

/// A number as databases keep it. What is larger than they take, no store ever has.
pub(super) fn int(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// How many rows a page has that was asked for: as many, or 100 for 0.
pub(super) fn page(limit: u32) -> i64 {
    if limit == 0 { 100 } else { i64::from(limit) }
}

/// The first sequence number of the share behind this one.
pub(super) fn next_of_share(share: Option<Partition>, after: u64) -> u64 {
    let next = after.saturating_add(1);
    let Some(share) = share else { return next };
    let of = u64::from(share.of.max(1));
    (next..next.saturating_add(of))
        .find(|seq| share.has(*seq))
        // A share beyond the last one has nothing.
        .unwrap_or(u64::MAX)
}

/// When a lease may be reaped at the earliest.
pub(super) fn expires_at(record: &NodeRecord) -> Option<Timestamp> {
    let deadline = record.lease.as_ref()?.deadline;
    let end = record.cancel_deadline;
    Some(end.map_or(deadline, |end| end.min(deadline)))
}

/// Nodes that wait to be claimed, by what they ask for.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) role: Role,
    pub(super) fingerprint: Option<String>,
    pub(super) nodes: u64,
    pub(super) since: Timestamp,
}

/// Those of the waiting that no worker which is not offline can take.
pub(super) fn starving(workers: &[WorkerRecord], waiting: Vec<Waiting>) -> Vec<Starving> {
    let live = workers
        .iter()
        .filter(|worker| worker.announcement.status != OFFLINE);
    let offers: Vec<Offer> = live
        .flat_map(|worker| {
            let able = &worker.announcement.capabilities;
            able.roles.iter().map(|role| Offer {
                role: role.clone(),
                fingerprint: able.fingerprints.get(role).cloned(),
            })
        })
        .collect();
    let mut starving = Vec::new();
    for kind in waiting {
        let fingerprint = kind.fingerprint.as_deref();
        if offers
            .iter()
            .any(|offer| offer.fits(&kind.role, fingerprint))
        {
            continue;
        }
        let same_role = offers.iter().filter(|offer| offer.role == kind.role);
        let mut offered: Vec<_> = same_role
            .filter_map(|offer| offer.fingerprint.clone())
            .collect();
        offered.sort_unstable();
        offered.dedup();
        starving.push(Starving {
            role: kind.role,
            fingerprint: kind.fingerprint,
            nodes: kind.nodes,
            since: kind.since,
            offered,
        });
    }
    starving
}
