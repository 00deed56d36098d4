use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::SubmitError;
use super::persist::persist;
use crate::cluster::done::Done;
use crate::cluster::items::{ITEMS, ItemNote, read};
use crate::cluster::open::Cluster;
use crate::cluster::store::{Payload, ReadRequest};
use crate::cluster::{NodeId, RunKey};
use crate::item::{ItemError, ItemErrorKind, StoredItem};
use crate::pipeline::Replay;

/// How much is read at once.
const PAGE: u32 = 256;
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Reads what happens to the items of a run, and tells it in their order: an item has left a stage before it waits for the
/// next one.
pub(super) struct Follower<Out: Send + 'static> {
    cluster: Cluster,
    run: RunKey,
    replay: Arc<Replay<Out>>,
    places: Vec<Place>,
    /// Items that have their outcomes.
    ended: Done,
}

/// How far one stage has been read.
struct Place {
    node: NodeId,
    stage: Arc<str>,
    after: u64,
    /// Items that have left the stage.
    passed: Done,
    /// Items that have left the stage, and are not known to have left the one in front.
    early: BTreeMap<u64, (ItemNote, Payload)>,
}

impl<Out: DeserializeOwned + Send + 'static> Follower<Out> {
    pub(super) fn new(
        cluster: Cluster,
        run: RunKey,
        replay: Arc<Replay<Out>>,
        stages: impl Iterator<Item = Arc<str>>,
    ) -> Self {
        let places = stages.map(|stage| Place {
            node: NodeId::from(&*stage),
            stage,
            after: 0,
            passed: Done::default(),
            early: BTreeMap::new(),
        });
        Self {
            cluster,
            run,
            replay,
            places: places.collect(),
            ended: Done::default(),
        }
    }

    /// How many items have their outcomes.
    pub(super) fn ended(&self) -> u64 {
        self.ended.count()
    }

    /// Reads a page of each stage, and tells of what is in it. False if there was nothing.
    pub(super) async fn step(&mut self) -> Result<bool, SubmitError> {
        let mut has_read = false;
        // What is known of a stage is at least as new as what is known of those behind it.
        for place in self.places.iter_mut().rev() {
            if place.early.is_empty() {
                has_read |= place.read(&self.cluster, &self.run).await?;
            }
        }
        let mut has_told = false;
        for at in 0..self.places.len() {
            has_told |= self.tell(at);
            self.replay.observed().await;
        }
        Ok(has_read || has_told)
    }

    fn tell(&mut self, at: usize) -> bool {
        let count = self.places.len();
        let (before, rest) = self.places.split_at_mut(at);
        let Some(place) = rest.first_mut() else {
            return false;
        };
        let is_last = at + 1 == count;
        let accepted = self.replay.accepted();
        let is_due = |number: u64| match before.last() {
            Some(before) => before.passed.contains(number),
            None => number < accepted,
        };
        let mut has_told = false;
        let due: Vec<_> = place
            .early
            .keys()
            .copied()
            .filter(|number| is_due(*number))
            .collect();
        for number in due {
            let Entry::Occupied(entry) = place.early.entry(number) else {
                continue;
            };
            let (mut note, payload) = entry.remove();
            has_told = true;
            place.passed.insert(number);
            if self.ended.contains(number) {
                continue;
            }
            let value = if is_last && note.error.is_none() {
                place.value(&mut note, &payload)
            } else {
                None
            };
            let tag = note.item.tag();
            let has_ended = note.error.is_some();
            self.replay.passed(at, &tag, &note.happenings, has_ended);
            if let Some(value) = value {
                self.ended.insert(number);
                self.replay.complete(tag, value);
            } else if let Some(error) = note.error {
                self.ended.insert(number);
                self.replay.fail(&tag, &error.into());
            }
        }
        has_told
    }

    /// Ends as cancelled what has no outcome, in a run that has been read to its end. Not all of `rest` may be stored.
    pub(super) async fn cancel_rest(&mut self, rest: Vec<StoredItem>) -> Result<(), SubmitError> {
        let mut items = Place {
            node: ITEMS.into(),
            stage: ITEMS.into(),
            after: 0,
            passed: Done::default(),
            early: BTreeMap::new(),
        };
        while items.read(&self.cluster, &self.run).await? {
            for (note, _) in std::mem::take(&mut items.early).into_values() {
                self.cancel(&note.item);
            }
        }
        for item in &rest {
            self.cancel(item);
        }
        Ok(())
    }

    fn cancel(&mut self, item: &StoredItem) {
        let number = item.sequence_id;
        if number < self.replay.accepted() && !self.ended.contains(number) {
            let is_there = |place: &Place| !place.passed.contains(number);
            let place = self.places.iter().position(is_there).unwrap_or_default();
            self.ended.insert(number);
            self.replay.cancel(place, &item.tag());
        }
    }
}

impl Place {
    /// What the last stage gave. What cannot be read has failed in it.
    fn value<Out: DeserializeOwned>(&self, note: &mut ItemNote, payload: &Payload) -> Option<Out> {
        let wrong = |error| {
            let error = format!("the result is not what the pipeline gives: {error}");
            (ItemErrorKind::Failed(error.into()), "SchemaMismatch")
        };
        let value = read(payload.as_str(), wrong);
        let error = |cause| ItemError::new(Arc::clone(&self.stage), None, None, 1, cause);
        value.map_err(|cause| note.fail(&error(cause))).ok()
    }

    /// Reads the next page. False if there is nothing.
    async fn read(&mut self, cluster: &Cluster, run: &RunKey) -> Result<bool, SubmitError> {
        let page = persist(async || {
            let request = ReadRequest {
                run: run.clone(),
                source: self.node.clone(),
                after_seq: self.after,
                partition: None,
                limit: PAGE,
                max_bytes: PAGE_BYTES,
            };
            Ok(cluster.store().read_artifacts(request).await?)
        });
        let page = page.await?;
        let has_moved = page.next_after > self.after;
        self.after = page.next_after;
        for artifact in page.artifacts {
            let note = ItemNote::read(&artifact.meta);
            let note = note.map_err(|source| SubmitError::Unreadable {
                node: artifact.node,
                artifact: artifact.uid.to_string(),
                source,
            })?;
            // Others are not of a pipeline that was submitted.
            if let Some(note) = note {
                let number = note.item.sequence_id;
                self.early.insert(number, (note, artifact.payload));
            }
        }
        Ok(has_moved)
    }
}

/// How long to wait for news, from one look to the next.
pub(super) fn looks() -> impl Iterator<Item = Duration> {
    const SHORTEST: Duration = Duration::from_millis(5);
    const LONGEST: Duration = Duration::from_millis(200);
    std::iter::successors(Some(SHORTEST), |wait| Some((*wait * 2).min(LONGEST)))
}
