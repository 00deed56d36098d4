//! How leases are kept.

use super::fault::{Done, Fault};
use super::tx::Tx;
use crate::cluster::WorkerKey;
use crate::cluster::store::{CancelNotice, ExtendRequest, Extended, StoreError};

pub(super) fn extend(tx: &Tx<'_>, request: &ExtendRequest) -> Done<Extended> {
    let mut extended = Extended {
        deadline: tx.now.after(request.ttl),
        ..Extended::default()
    };
    for lease in &request.leases {
        let mut node = match tx.held(lease) {
            Ok(node) if lease.worker == request.worker => node,
            Ok(_)
            | Err(Fault::Refused(StoreError::Fenced { .. } | StoreError::NotFound { .. })) => {
                extended.lost.push(lease.clone());
                continue;
            }
            Err(other) => return Err(other),
        };
        node.record.extend(request.ttl, tx.now);
        tx.save_deadline(&node)?;
        extended
            .cancelling
            .extend(node.record.cancel_notice(tx.now));
    }
    tx.write(
        "UPDATE workers SET last_seen = ?2 WHERE id = ?1",
        (request.worker.as_str(), tx.now.as_millis()),
    )?;
    Ok(extended)
}

pub(super) fn cancel_notices(tx: &Tx<'_>, worker: &WorkerKey) -> Done<Vec<CancelNotice>> {
    let nodes = tx.leased(Some(worker))?;
    let notice = |node: &super::nodes::NodeRow| node.record.cancel_notice(tx.now);
    Ok(nodes.iter().filter_map(notice).collect())
}
