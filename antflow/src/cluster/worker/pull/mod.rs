//! `pull.from_artifacts` and `pull.from_artifacts.rechunk:size`: batches from the artifacts of other nodes.
//!
//! Each source is read from its cursor on to its end, by sequence number, so nothing is missed or read twice over any
//! number of artifacts. The ids of the batches come from what is read alone, and are the same however often it is read.

mod cut;

use std::sync::Arc;
use std::time::Duration;

use super::control::Control;
use super::feed::{Step, not_read};
use super::persist::persist;
use super::shared::Shared;
use crate::cluster::NodeId;
use crate::cluster::graph::Pull;
use crate::cluster::handler::Ended;
use crate::cluster::protocol::Failure;
use crate::cluster::store::{ArtifactPage, Assignment, Cursor, ReadRequest};

/// How much is read at once.
const PAGE: u32 = 256;
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Reads the artifacts of the sources in turn, a page of each.
pub(super) struct PullReader<'a> {
    shared: &'a Arc<Shared>,
    control: &'a Control,
    pull: &'a Pull,
    sources: Vec<Source>,
    poll: Duration,
    backoff_max: Duration,
}

/// How far one source has been read.
struct Source {
    node: NodeId,
    after: u64,
    /// So many items of the next artifact are done.
    offset: u64,
    is_end: bool,
}

/// Refuses what leaves out an argument that has a default.
pub(super) fn check_strict(pull: &Pull) -> Result<(), Ended> {
    let lacks_key = |rechunk: &crate::cluster::graph::Rechunk| rechunk.meta_list_key.is_none();
    if pull.rechunk.as_ref().is_some_and(lacks_key) {
        let error = "`meta_list_key` is missing, and this worker is strict about input adapters";
        return Err(Ended::Failed(Failure::permanent("bad_input_args", error)));
    }
    Ok(())
}

impl<'a> PullReader<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        control: &'a Control,
        assignment: &Assignment,
        pull: &'a Pull,
    ) -> Self {
        let source = |node: &NodeId| {
            let cursor = assignment
                .cursors
                .iter()
                .find(|cursor| cursor.source == *node);
            Source {
                node: node.clone(),
                after: cursor.map_or(0, |cursor| cursor.seq),
                offset: cursor.map_or(0, |cursor| cursor.offset),
                is_end: false,
            }
        };
        let poll = pull.poll.unwrap_or(shared.config.pull_poll);
        let backoff_max = pull.backoff_max.unwrap_or(shared.config.pull_backoff_max);
        Self {
            sources: assignment.node.sources().iter().map(source).collect(),
            shared,
            control,
            pull,
            poll,
            backoff_max: backoff_max.max(poll),
        }
    }

    /// The next steps, waiting for them; `None` once all sources have ended and were read whole.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Step>>, Ended> {
        let mut wait = self.poll;
        loop {
            let mut steps = Vec::new();
            let mut has_moved = false;
            for at in 0..self.sources.len() {
                if self.sources[at].is_end {
                    continue;
                }
                let page = self.read(at).await?;
                let source = &mut self.sources[at];
                has_moved |= page.next_after > source.after;
                for artifact in page.artifacts {
                    let is_next = artifact.seq == source.after + 1;
                    let done = if is_next { source.offset } else { 0 };
                    cut::artifact(artifact, self.pull.rechunk.as_ref(), done, &mut steps)?;
                }
                if page.next_after > source.after {
                    source.after = page.next_after;
                    source.offset = 0;
                }
                source.is_end = page.is_end;
            }
            if !steps.is_empty() {
                return Ok(Some(steps));
            }
            if self.sources.iter().all(|source| source.is_end) {
                if self.pull.eof_on_task_done {
                    return Ok(None);
                }
                // It ends when the run is cancelled, which drops this.
                return std::future::pending().await;
            }
            if has_moved {
                continue;
            }
            // A hint may be lost: the wait ends anyway.
            tokio::select! {
                () = self.control.more.notified() => wait = self.poll,
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(self.backoff_max),
            }
        }
    }

    async fn read(&self, at: usize) -> Result<ArtifactPage, Ended> {
        let source = &self.sources[at];
        let page = persist(
            self.shared,
            self.control,
            "reading artifacts",
            self.control.cancellation.lost(),
            || {
                self.shared.store.read_artifacts(ReadRequest {
                    run: self.control.lease.run.clone(),
                    source: source.node.clone(),
                    after_seq: source.after,
                    partition: self.pull.partition,
                    limit: PAGE,
                    max_bytes: PAGE_BYTES,
                })
            },
        );
        page.await.map_err(not_read)
    }
}

/// Where reading goes on behind an artifact, or behind some items of it.
fn mark(source: &NodeId, seq: u64, offset: u64) -> Cursor {
    Cursor {
        source: source.clone(),
        seq,
        offset,
    }
}
