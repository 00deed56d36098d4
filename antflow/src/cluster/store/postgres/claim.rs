//! How workers claim nodes.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Done;
use super::nodes::{NodeRow, read_all, select_nodes};
use super::row::number;
use super::tx::{CLOCK, Tx, sql};
use crate::cluster::graph::COORDINATOR_FN;
use crate::cluster::store::stored::read_json;
use crate::cluster::store::{Assignment, ClaimRequest, Limits};
use crate::cluster::{Role, RunKey};

/// Finds deferred nodes whose time has come, once for each. Those that somebody works on are left alone.
pub(super) const FIND_DUE: &str = "UPDATE nodes SET is_claimable = true WHERE key = ANY(ARRAY(
        SELECT key FROM nodes WHERE retry_at IS NOT NULL AND NOT is_claimable AND retry_at <= (SELECT clock_ms())
        FOR UPDATE SKIP LOCKED))";

/// Claims hold it together, and whoever sets limits holds it alone: a claim goes by the limits that are set.
const SHARE_LIMITS: &str = "SELECT pg_advisory_xact_lock_shared((x'616e7400000000'::bigint << 8) | ('settings'::regclass::oid::bigint << 8) | 1)";
const CHANGE_LIMITS: &str = "SELECT pg_advisory_xact_lock((x'616e7400000000'::bigint << 8) | ('settings'::regclass::oid::bigint << 8) | 1)";
/// Held by one claim at a time of those that have limits to go by.
const COUNT_LEASES: &str = "SELECT pg_advisory_xact_lock((x'616e7400000000'::bigint << 8) | ('settings'::regclass::oid::bigint << 8) | 2)";

const LIMITS: &str = "SELECT value FROM settings WHERE name = 'limits'";

/// Locks nodes, those that come first: `$4` at most of those `$3` of each kind that nobody else works on. The array
/// keeps the planner to the index.
macro_rules! select_first {
    ($of_run:literal) => {
        select_nodes!(
            "WHERE n.key = ANY(ARRAY(
                 SELECT c.key FROM unnest($1::text[], $2::text[], $3::bigint[]) AS k (role, asks, most)
                 CROSS JOIN LATERAL (
                     SELECT key, priority, ready_at, run_id, place FROM nodes
                     WHERE is_claimable AND role = k.role AND asks = k.asks",
            $of_run,
            " ORDER BY priority, ready_at, run_id, place LIMIT k.most) AS c))
             AND n.is_claimable
             ORDER BY n.priority, n.ready_at, n.run_id, n.place LIMIT $4 FOR UPDATE OF n SKIP LOCKED"
        )
    };
}
pub(super) const FIRST: &str = select_first!("");
pub(super) const FIRST_OF_RUN: &str = select_first!(" AND run_id = $5");

/// So many more nodes are looked at than are asked for, as others may be at work on the first ones.
const SPARE: u64 = 32;

pub(super) async fn claim(tx: &mut Tx<'_>, request: &ClaimRequest) -> Done<Vec<Assignment>> {
    tx.before(sql!(FIND_DUE));
    let [_, limits, clock] = tx
        .ask([sql!(SHARE_LIMITS), sql!(LIMITS), sql!(CLOCK)])
        .await?;
    tx.read_clock(&clock)?;
    let limits = read_limits(&limits)?;
    let mut room = Room::new(tx, &limits, request).await?;
    let mut nodes = first(tx, request, &room).await?;
    nodes.retain(|node| room.take(&node.record.role));
    nodes.truncate(request.slots as usize);
    for node in &mut nodes {
        node.record.claim(request, tx.now);
        if let Some(held) = &node.record.lease {
            let event = node.about(Some(&held.worker), tx.now).accepted(&held.id);
            tx.say(&event, node.run, Some(node.key));
        }
    }
    tx.save_nodes(&mut nodes)?;
    tx.assignments(nodes).await
}

/// Nodes that the worker may have, the first ones first, locked.
async fn first(tx: &mut Tx<'_>, request: &ClaimRequest, room: &Room) -> Done<Vec<NodeRow>> {
    let mut kinds: BTreeSet<(&Role, String)> = BTreeSet::new();
    for offer in &request.offers {
        kinds.insert((&offer.role, String::new()));
        if let Some(fingerprint) = &offer.fingerprint {
            kinds.insert((&offer.role, format!("={fingerprint}")));
        }
    }
    let slots = u64::from(request.slots);
    let mut roles = Vec::new();
    let mut asks = Vec::new();
    let mut most = Vec::new();
    for (role, asked) in kinds {
        let left = room.left(role);
        if left == Some(0) {
            continue;
        }
        roles.push(role.to_string());
        asks.push(asked);
        most.push(left.map_or(slots * 2 + SPARE, |left| left.min(slots)));
    }
    // Where there are limits, some of those that come first may have to be passed over, and others come behind them.
    let all = if room.is_limited() {
        most.iter().sum()
    } else {
        slots
    };
    if slots == 0 || all == 0 {
        return Ok(Vec::new());
    }
    let int = crate::cluster::store::stored::int;
    let most: Vec<i64> = most.into_iter().map(int).collect();
    let question = match request.run.as_ref().map(RunKey::to_string) {
        None => sql!(FIRST, roles, asks, most, int(all)),
        Some(run) => sql!(FIRST_OF_RUN, roles, asks, most, int(all), run),
    };
    let rows = tx.all(question).await?;
    read_all(&rows)
}

/// How many nodes may still get a lease. What is not there has no limit.
struct Room {
    global: Option<u64>,
    roles: BTreeMap<Role, u64>,
}

impl Room {
    async fn new(tx: &mut Tx<'_>, limits: &Limits, request: &ClaimRequest) -> Done<Self> {
        let mut room = Self {
            global: None,
            roles: BTreeMap::new(),
        };
        let offered = || request.offers.iter().map(|offer| &offer.role);
        let is_counted = offered().any(|role| *role != COORDINATOR_FN);
        let global = limits.global.filter(|_| is_counted);
        let roles: BTreeMap<&Role, u32> = offered()
            .filter_map(|role| Some((role, *limits.roles.get(role)?)))
            .collect();
        if global.is_none() && roles.is_empty() {
            return Ok(room);
        }
        tx.all(sql!(COUNT_LEASES)).await?;
        if let Some(limit) = global {
            let text = "SELECT count(*) FROM nodes WHERE worker IS NOT NULL AND role <> $1";
            let leased = count(tx, text, COORDINATOR_FN).await?;
            room.global = Some(u64::from(limit).saturating_sub(leased));
        }
        for (role, limit) in roles {
            let text = "SELECT count(*) FROM nodes WHERE worker IS NOT NULL AND role = $1";
            let leased = count(tx, text, role.as_str()).await?;
            let left = u64::from(limit).saturating_sub(leased);
            room.roles.insert(role.clone(), left);
        }
        Ok(room)
    }

    fn is_limited(&self) -> bool {
        self.global.is_some() || !self.roles.is_empty()
    }

    /// How many nodes of a role may still be given.
    fn left(&self, role: &Role) -> Option<u64> {
        let global = self.global.filter(|_| *role != COORDINATOR_FN);
        let of_role = self.roles.get(role).copied();
        global.into_iter().chain(of_role).min()
    }

    /// Takes a place for a node of this role, if there is one.
    fn take(&mut self, role: &Role) -> bool {
        if self.left(role) == Some(0) {
            return false;
        }
        if let (Some(left), true) = (&mut self.global, *role != COORDINATOR_FN) {
            *left -= 1;
        }
        if let Some(left) = self.roles.get_mut(role) {
            *left -= 1;
        }
        true
    }
}

async fn count(tx: &mut Tx<'_>, text: &'static str, role: &str) -> Done<u64> {
    let row = tx.one(sql!(text, role.to_owned())).await?;
    row.map_or(Ok(0), |row| number(&row, 0))
}

/// How many nodes may have a lease at once.
pub(super) async fn limits(tx: &mut Tx<'_>) -> Done<Limits> {
    let rows = tx.all(sql!(LIMITS)).await?;
    read_limits(&rows)
}

fn read_limits(rows: &[tokio_postgres::Row]) -> Done<Limits> {
    match rows.first() {
        None => Ok(Limits::default()),
        Some(row) => Ok(read_json(row.try_get(0)?, || "limits".into())?),
    }
}

/// Sets how many nodes may have a lease at once, behind all claims that are under way.
pub(super) fn set_limits(tx: &mut Tx<'_>, limits: &Limits) -> Done<()> {
    tx.write(sql!(CHANGE_LIMITS));
    tx.write(sql!(
        "INSERT INTO settings (name, value) VALUES ('limits', $1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        crate::cluster::store::stored::to_json(limits)?,
    ));
    Ok(())
}
