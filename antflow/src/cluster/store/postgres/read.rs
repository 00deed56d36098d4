//! How artifacts are read.

use tokio_postgres::Row;

use super::fault::Done;
use super::nodes::read_progress;
use super::row::{moment, name, number};
use super::tx::{Tx, sql};
use crate::cluster::state::NodeState;
use crate::cluster::store::stored::{int, next_of_share, read_json};
use crate::cluster::store::{Artifact, ArtifactPage, Payload, ReadRequest};

/// The source, and beside it rows from the first one on, as long as they fit: sizes are known without reading what is
/// large.
macro_rules! select_page {
    ($of:literal) => {
        concat!(
            "SELECT n.state, n.artifacts, a.seq, a.uid, a.epoch, a.created_at, a.payload, a.meta
             FROM nodes n LEFT JOIN LATERAL (
                 SELECT *, sum(octet_length(payload)::bigint + octet_length(meta)) OVER (ORDER BY seq) AS size,
                     row_number() OVER (ORDER BY seq) AS ord
                 FROM (SELECT * FROM artifacts WHERE node = n.key AND ",
            $of,
            " ORDER BY seq LIMIT $4) AS page
             ) AS a ON a.ord = 1 OR a.size <= $5::bigint
             WHERE n.run_id = $1 AND n.id = $2 ORDER BY a.seq"
        )
    };
}

const PAGE: &str = select_page!("seq > $3");
const SHARE: &str = select_page!("seq = ANY($3)");

/// So many artifacts of a share are asked for at once, at most.
const OF_SHARE: usize = 10_000;

pub(super) async fn read_artifacts(tx: &mut Tx<'_>, request: &ReadRequest) -> Done<ArtifactPage> {
    let (run, source) = (request.run.to_string(), request.source.to_string());
    let limit = i64::from(request.limit.max(1));
    let bytes = int(request.max_bytes);
    let rows = tx.all(match request.partition {
        None => sql!(PAGE, run, source, int(request.after_seq), limit, bytes),
        Some(share) => {
            // Those of other shares are stepped over: their places are known without reading them.
            let first = next_of_share(request.partition, request.after_seq);
            let step = u64::from(share.of.max(1));
            let mine = std::iter::successors(Some(first), |seq| seq.checked_add(step));
            let mine: Vec<i64> = mine
                .take(OF_SHARE.min(request.limit.max(1) as usize))
                .map(int)
                .collect();
            sql!(SHARE, run, source, mine, limit, bytes)
        }
    });
    let rows = rows.await?;
    let Some(first) = rows.first() else {
        return Err(tx.missing(&request.run, &request.source).await?.into());
    };
    let (state, last) = read_progress(first)?;
    let mut artifacts = Vec::with_capacity(rows.len());
    for row in &rows {
        // A source of which nothing is given has one row, without an artifact.
        if let Some(seq) = row.try_get::<_, Option<i64>>(2)? {
            artifacts.push(artifact(row, seq.unsigned_abs(), request)?);
        }
    }
    Ok(page(request, artifacts, state, last))
}

fn page(
    request: &ReadRequest,
    artifacts: Vec<Artifact>,
    state: NodeState,
    last: u64,
) -> ArtifactPage {
    let given = artifacts.last().map_or(request.after_seq, |last| last.seq);
    let is_whole = next_of_share(request.partition, given) > last;
    ArtifactPage {
        artifacts,
        next_after: if is_whole { given.max(last) } else { given },
        state,
        is_end: is_whole && state.is_terminal(),
    }
}

fn artifact(row: &Row, seq: u64, request: &ReadRequest) -> Done<Artifact> {
    let data: &str = row.try_get(6)?;
    let what = || format!("artifact {seq} of node `{}`", request.source);
    Ok(Artifact {
        run: request.run.clone(),
        node: request.source.clone(),
        uid: name(row, 3)?,
        seq,
        epoch: number(row, 4)?,
        created_at: moment(row, 5)?,
        payload: Payload::from_stored(data),
        meta: read_json(row.try_get(7)?, what)?,
    })
}
