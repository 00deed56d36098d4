//! How artifacts are read.

use rusqlite::Row;

use super::fault::Done;
use super::tx::{Tx, moment, name, number};
use crate::cluster::store::stored::{int, next_of_share, read_json};
use crate::cluster::store::{Artifact, ArtifactPage, NodeRecord, Payload, ReadRequest};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, uid, epoch, created_at, payload, meta FROM artifacts ",
            $rest
        )
    };
}

pub(super) fn read_artifacts(tx: &Tx<'_>, request: &ReadRequest) -> Done<ArtifactPage> {
    let source = tx.node(&request.run, &request.source)?;
    let last = source.record.totals.artifacts;
    let mut taken = Taken {
        request,
        source: &source.record,
        artifacts: Vec::new(),
        bytes: 0,
    };
    let first = next_of_share(request.partition, request.after_seq);
    match request.partition {
        None => tx.each(
            select!("WHERE node = ?1 AND seq > ?2 ORDER BY seq"),
            (source.key, int(request.after_seq)),
            |row| taken.take(row),
        )?,
        Some(_) => {
            // Those of other shares are stepped over: their places are known without reading them.
            let mut seq = first;
            while seq <= last && !taken.is_full() {
                let sql = select!("WHERE node = ?1 AND seq = ?2");
                let mut goes_on = true;
                tx.each(sql, (source.key, int(seq)), |row| {
                    goes_on = taken.take(row)?;
                    Ok(false)
                })?;
                if !goes_on {
                    break;
                }
                seq = next_of_share(request.partition, seq);
            }
        }
    }
    let artifacts = taken.artifacts;
    let given = artifacts.last().map_or(request.after_seq, |last| last.seq);
    let is_whole = next_of_share(request.partition, given) > last;
    Ok(ArtifactPage {
        artifacts,
        next_after: if is_whole { given.max(last) } else { given },
        state: source.record.state,
        is_end: is_whole && source.record.state.is_terminal(),
    })
}

struct Taken<'r> {
    request: &'r ReadRequest,
    source: &'r NodeRecord,
    artifacts: Vec<Artifact>,
    bytes: usize,
}

impl Taken<'_> {
    fn is_full(&self) -> bool {
        self.artifacts.len() >= self.request.limit.max(1) as usize
    }

    /// Takes an artifact, if there is room. False: there is no room for more.
    fn take(&mut self, row: &Row<'_>) -> Done<bool> {
        if self.is_full() {
            return Ok(false);
        }
        let data: String = row.get(4)?;
        let meta: String = row.get(5)?;
        let bytes = self.bytes.saturating_add(data.len() + meta.len());
        if bytes > self.request.max_bytes && !self.artifacts.is_empty() {
            return Ok(false);
        }
        self.bytes = bytes;
        let seq = number(row, 0)?;
        let what = || format!("artifact {seq} of node `{}`", self.source.id);
        let artifact = Artifact {
            run: self.source.run.clone(),
            node: self.source.id.clone(),
            uid: name(row, 1)?,
            seq,
            epoch: number(row, 2)?,
            created_at: moment(row, 3)?,
            payload: Payload::from_stored(data),
            meta: read_json(&meta, what)?,
        };
        self.artifacts.push(artifact);
        Ok(!self.is_full())
    }
}
