//! How workers get nodes: by claiming, and by starting again.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Done;
use super::nodes::NodeRow;
use super::tx::{Tx, moment, name, number};
use crate::cluster::graph::COORDINATOR_FN;
use crate::cluster::state::{AfterLoss, NodeState};
use crate::cluster::store::stored::read_json;
use crate::cluster::store::{
    Assignment, Checkpoint, ClaimRequest, Cursor, Effects, Limits, Offer, Payload, ResumeRequest,
};
use crate::cluster::{Role, RunKey};

/// A node that may be claimed, by what decides who comes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    priority: i64,
    ready_at: Option<i64>,
    run: String,
    place: i64,
    key: i64,
    role: Role,
}

pub(super) fn claim(tx: &Tx<'_>, request: &ClaimRequest) -> Done<Vec<Assignment>> {
    find_due(tx)?;
    let limits = limits(tx)?;
    let mut room = Room::new(tx, &limits)?;
    let mut given = Vec::new();
    for candidate in candidates(tx, request)? {
        if given.len() as u64 >= u64::from(request.slots) {
            break;
        }
        if !room.has(tx, &candidate.role)? {
            continue;
        }
        let mut node = tx.node_by_key(candidate.key)?;
        if !node.record.is_claimable(tx.now) {
            continue;
        }
        node.record.claim(request, tx.now);
        tx.save_node(&node)?;
        room.take(&candidate.role);
        if let Some(held) = &node.record.lease {
            let event = node.about(Some(&held.worker), tx.now).accepted(&held.id);
            tx.say(&event, node.run, Some(node.key))?;
        }
        given.extend(tx.assignment(node)?);
    }
    Ok(given)
}

/// Finds deferred nodes whose time has come, once for each.
fn find_due(tx: &Tx<'_>) -> Done<()> {
    tx.write(
        "UPDATE nodes SET is_claimable = 1 WHERE retry_at IS NOT NULL AND is_claimable = 0 AND retry_at <= ?1",
        [tx.now.as_millis()],
    )?;
    Ok(())
}

/// Nodes that the worker may have, the first ones first: as many of each role as it has room for.
fn candidates(tx: &Tx<'_>, request: &ClaimRequest) -> Done<Vec<Candidate>> {
    let mut kinds: BTreeSet<(&Role, Option<&str>)> = BTreeSet::new();
    for offer in &request.offers {
        kinds.insert((&offer.role, None));
        kinds.insert((&offer.role, offer.fingerprint.as_deref()));
    }
    let run = request.run.as_ref().map(RunKey::as_str);
    let mut found = Vec::new();
    for (role, fingerprint) in kinds {
        found.extend(tx.all(
            "SELECT priority, ready_at, run_id, place, key FROM nodes
             WHERE is_claimable = 1 AND role = ?1 AND fingerprint IS ?2 AND (?4 IS NULL OR run_id = ?4)
             ORDER BY priority, ready_at, run_id, place LIMIT ?3",
            (role.as_str(), fingerprint, request.slots, run),
            |row| {
                Ok(Candidate {
                    priority: row.get(0)?,
                    ready_at: row.get(1)?,
                    run: row.get(2)?,
                    place: row.get(3)?,
                    key: row.get(4)?,
                    role: role.clone(),
                })
            },
        )?);
    }
    found.sort();
    Ok(found)
}

/// How many nodes may still get a lease.
struct Room<'l> {
    limits: &'l Limits,
    global: Option<u64>,
    roles: BTreeMap<Role, u64>,
}

impl<'l> Room<'l> {
    fn new(tx: &Tx<'_>, limits: &'l Limits) -> Done<Self> {
        let global = match limits.global {
            None => None,
            Some(limit) => {
                let leased = tx.one(
                    "SELECT count(*) FROM nodes WHERE worker IS NOT NULL AND role <> ?1",
                    [COORDINATOR_FN],
                    |row| number(row, 0),
                )?;
                Some(u64::from(limit).saturating_sub(leased.unwrap_or_default()))
            }
        };
        Ok(Self {
            limits,
            global,
            roles: BTreeMap::new(),
        })
    }

    fn has(&mut self, tx: &Tx<'_>, role: &Role) -> Done<bool> {
        if self.global == Some(0) && *role != COORDINATOR_FN {
            return Ok(false);
        }
        let Some(limit) = self.limits.roles.get(role) else {
            return Ok(true);
        };
        if let Some(left) = self.roles.get(role) {
            return Ok(*left > 0);
        }
        let leased = tx.one(
            "SELECT count(*) FROM nodes WHERE worker IS NOT NULL AND role = ?1",
            [role.as_str()],
            |row| number(row, 0),
        )?;
        let left = u64::from(*limit).saturating_sub(leased.unwrap_or_default());
        self.roles.insert(role.clone(), left);
        Ok(left > 0)
    }

    fn take(&mut self, role: &Role) {
        if let (Some(left), true) = (&mut self.global, *role != COORDINATOR_FN) {
            *left = left.saturating_sub(1);
        }
        if let Some(left) = self.roles.get_mut(role) {
            *left = left.saturating_sub(1);
        }
    }
}

pub(super) fn resume(tx: &Tx<'_>, request: &ResumeRequest) -> Done<(Vec<Assignment>, Effects)> {
    let mut effects = Effects::default();
    for had in tx.leased(Some(&request.worker))? {
        // What was done for the nodes before may have changed this one.
        let mut node = tx.node_by_key(had.key)?;
        let plan = tx.plan(node.run)?;
        let asked = plan.node(&node.record)?;
        let after = node.record.resume(request.ttl, &asked.retry, tx.now);
        let lease = node.record.lease.as_ref().map(|held| held.id.clone());
        let fits = |offer: &Offer| offer.fits(&node.record.role, asked.fingerprint.as_deref());
        let is_wanted = request.offers.iter().any(fits);
        if after == AfterLoss::GoOn && !is_wanted {
            node.record.release(tx.now);
        }
        tx.save_node(&node)?;
        let about = node.about(Some(&request.worker), tx.now);
        match (node.record.state, lease) {
            (NodeState::Running | NodeState::Cancelling, Some(lease)) => {
                let event = about.resumed(&lease);
                tx.say(&event, node.run, Some(node.key))?;
                continue;
            }
            (NodeState::Ready, Some(lease)) => {
                let reason = format!(
                    "worker `{}` does no `{}` any more",
                    request.worker, node.record.role
                );
                tx.say(&about.released(&lease, reason), node.run, Some(node.key))?;
                effects.ready.push(node.ready());
            }
            (NodeState::Cancelled, _) => tx.say_cancelled(&node, Some(&request.worker))?,
            _ => tx.say_failed(&node, Some(&request.worker))?,
        }
        tx.settle_of(&node, &mut effects)?;
    }
    let mut given = Vec::new();
    for node in tx.leased(Some(&request.worker))? {
        given.extend(tx.assignment(node)?);
    }
    Ok((given, effects))
}

impl Tx<'_> {
    /// What a worker has to know of a node that it has; `None` if nobody has it.
    pub(super) fn assignment(&self, node: NodeRow) -> Done<Option<Assignment>> {
        let (Some(lease), Some(held)) = (node.record.held_lease(), &node.record.lease) else {
            return Ok(None);
        };
        let plan = self.plan(node.run)?;
        Ok(Some(Assignment {
            lease,
            deadline: held.deadline,
            node: plan.node(&node.record)?.clone(),
            params: plan.params.clone(),
            vars: self.vars(node.run)?,
            cursors: self.cursors(node.key)?,
            checkpoint: self.checkpoint(node.key)?,
            cancelling: node.record.cancel_notice(self.now),
            record: node.record,
        }))
    }

    fn cursors(&self, node: i64) -> Done<Vec<Cursor>> {
        self.all(
            "SELECT source, seq, offset FROM cursors WHERE node = ?1 ORDER BY source",
            [node],
            |row| {
                Ok(Cursor {
                    source: name(row, 0)?,
                    seq: number(row, 1)?,
                    offset: number(row, 2)?,
                })
            },
        )
    }

    /// What the handler of a node saved last.
    pub(super) fn checkpoint(&self, node: i64) -> Done<Option<Checkpoint>> {
        let row = self.one(
            "SELECT data, epoch, saved_at FROM checkpoints WHERE node = ?1",
            [node],
            |row| Ok((row.get::<_, String>(0)?, number(row, 1)?, moment(row, 2)?)),
        )?;
        let Some((data, epoch, saved_at)) = row else {
            return Ok(None);
        };
        Ok(Some(Checkpoint {
            data: Payload::from_stored(data),
            epoch,
            saved_at,
        }))
    }
}

/// How many nodes may have a lease at once.
pub(super) fn limits(tx: &Tx<'_>) -> Done<Limits> {
    let stored: Option<String> = tx.one(
        "SELECT value FROM settings WHERE name = 'limits'",
        [],
        |row| row.get(0),
    )?;
    match stored {
        None => Ok(Limits::default()),
        Some(text) => Ok(read_json(&text, || "limits".into())?),
    }
}
