//! How artifacts are read.

use tokio_postgres::Row;

use super::fault::Done;
use super::nodes::read_progress;
use super::row::{moment, name, number};
use super::tx::{Tx, sql};
use crate::cluster::state::NodeState;
use crate::cluster::store::stored::{int, next_of_share, read_json};
use crate::cluster::store::{Artifact, ArtifactPage, Payload, ReadRequest};

/// Rows from the first one on, as long as they fit: sizes are known without reading what is large.
macro_rules! select_page {
    ($of:literal) => {
        concat!(
            "SELECT seq, uid, epoch, created_at, payload, meta FROM (
                 SELECT *, sum(octet_length(payload)::bigint + octet_length(meta)) OVER (ORDER BY seq) AS size,
                     row_number() OVER (ORDER BY seq) AS ord
                 FROM (SELECT * FROM artifacts WHERE node = $1 AND ",
            $of,
            " ORDER BY seq LIMIT $3) AS page
             ) AS sized WHERE ord = 1 OR size <= $4::bigint ORDER BY seq"
        )
    };
}

pub(super) const NODE: &str =
    "SELECT state, artifacts, key FROM nodes WHERE run_id = $1 AND id = $2";
pub(super) const PAGE: &str = select_page!("seq > $2");
pub(super) const SHARE: &str = select_page!("seq = ANY($2)");

pub(super) async fn read_artifacts(tx: &mut Tx<'_>, request: &ReadRequest) -> Done<ArtifactPage> {
    let node = sql!(NODE, request.run.to_string(), request.source.to_string());
    let Some(row) = tx.one(node).await? else {
        return Err(tx.missing(&request.run, &request.source).await?.into());
    };
    let (state, last) = read_progress(&row)?;
    let key: i64 = row.try_get(2)?;
    let limit = request.limit.max(1);
    let first = next_of_share(request.partition, request.after_seq);
    let rows = if first > last {
        Vec::new()
    } else {
        let bytes = int(request.max_bytes);
        let page = match request.partition {
            None => sql!(PAGE, key, int(request.after_seq), i64::from(limit), bytes),
            Some(share) => {
                // Those of other shares are stepped over: their places are known without reading them.
                let step = u64::from(share.of.max(1));
                let mine = std::iter::successors(Some(first), |seq| seq.checked_add(step));
                let mine = mine.take_while(|seq| *seq <= last).take(limit as usize);
                let mine: Vec<i64> = mine.map(int).collect();
                sql!(SHARE, key, mine, i64::from(limit), bytes)
            }
        };
        tx.all(page).await?
    };
    let artifacts: Vec<Artifact> = rows
        .iter()
        .map(|row| artifact(row, request))
        .collect::<Done<_>>()?;
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

fn artifact(row: &Row, request: &ReadRequest) -> Done<Artifact> {
    let seq = number(row, 0)?;
    let data: &str = row.try_get(4)?;
    let what = || format!("artifact {seq} of node `{}`", request.source);
    Ok(Artifact {
        run: request.run.clone(),
        node: request.source.clone(),
        uid: name(row, 1)?,
        seq,
        epoch: number(row, 2)?,
        created_at: moment(row, 3)?,
        payload: Payload::from_stored(data),
        meta: read_json(row.try_get(5)?, what)?,
    })
}
