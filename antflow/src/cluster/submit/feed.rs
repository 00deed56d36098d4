use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use tokio_util::sync::CancellationToken;

use super::SubmitError;
use super::compare::first_other;
use super::persist::persist;
use crate::clock::Moment;
use crate::cluster::RunKey;
use crate::cluster::items::{Cause, ITEMS, ItemNote, write};
use crate::cluster::open::{Cluster, ClusterError};
use crate::cluster::staged::Stored;
use crate::cluster::state::NodeState;
use crate::cluster::store::{NewArtifact, Payload, StoreError};
use crate::item::{IntoItem, Item, ItemError, ItemErrorKind, StoredItem};
use crate::pipeline::Replay;

/// So many items, and about so many bytes of them, are appended at once; none waits for others that long.
const CHUNK: usize = 500;
const CHUNK_BYTES: usize = 1 << 20;
const CHUNK_AGE: Duration = Duration::from_millis(20);

/// Feeds a run.
pub(super) struct Feeder<Out: Send + 'static> {
    pub(super) cluster: Cluster,
    pub(super) run: RunKey,
    pub(super) replay: Arc<Replay<Out>>,
    /// The first stage, in which items end that cannot be stored.
    pub(super) first: Arc<str>,
    /// Says that nothing more is wanted.
    pub(super) stop: CancellationToken,
}

/// What came of feeding.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fed {
    /// The run has all items.
    All,
    /// The run takes no more, as it is cancelled or has failed. These items were accepted, and may not be stored.
    Refused(Vec<StoredItem>),
    /// The run was closed before, with other items: so many.
    Others(u64),
    /// The run has another item of this number.
    Another(u64),
}

/// What is in the store.
#[derive(Debug, Clone, Copy, Default)]
struct There {
    /// How many items the run has at least.
    last: u64,
    /// Were some of those that were appended there before?
    knows_some: bool,
}

/// Items on their way to the store.
#[derive(Default)]
struct Chunk {
    items: Vec<StoredItem>,
    artifacts: Vec<NewArtifact>,
    bytes: usize,
    /// When it got its first item.
    since: Option<Moment>,
}

impl Chunk {
    fn is_due(&self) -> bool {
        let is_old = |since: Moment| Moment::now().since(since) >= CHUNK_AGE;
        self.items.len() >= CHUNK || self.bytes >= CHUNK_BYTES || self.since.is_some_and(is_old)
    }
}

/// What a source gives.
enum Next<T> {
    Item(Item<T>),
    /// Nothing now.
    Later,
    End,
}

impl<Out: Send + 'static> Feeder<Out> {
    /// Appends all items, and says that there are no more.
    pub(super) async fn feed<T, I>(self, items: I) -> Result<Fed, SubmitError>
    where
        T: Stored,
        I: Stream<Item: IntoItem<T>> + Send,
    {
        let mut items = pin!(items);
        let mut chunk = Chunk::default();
        let mut number = 0;
        let mut last = 0;
        loop {
            let next = tokio::select! {
                biased;
                () = self.stop.cancelled() => {
                    self.accept(&chunk).await;
                    return Ok(Fed::Refused(chunk.items));
                }
                next = next(items.as_mut(), chunk.items.is_empty()) => next,
            };
            let is_end = matches!(next, Next::End);
            let is_due = match next {
                Next::Item(item) => {
                    self.add(&mut chunk, number, item)?;
                    number += 1;
                    chunk.is_due()
                }
                Next::Later | Next::End => true,
            };
            if is_due {
                let chunk = std::mem::take(&mut chunk);
                match self.append(&chunk).await {
                    Ok(there) if there.knows_some => {
                        let (items, artifacts) = (&chunk.items, &chunk.artifacts);
                        let other = first_other(&self.cluster, &self.run, items, artifacts);
                        if let Some(number) = other.await? {
                            return Ok(Fed::Another(number));
                        }
                        last = last.max(there.last);
                    }
                    Ok(there) => last = last.max(there.last),
                    Err(error) => return self.refused(error, chunk.items).await,
                }
            }
            if is_end {
                break;
            }
        }
        if last > number {
            return Ok(Fed::Others(last));
        }
        match persist(|| self.cluster.close_input(&self.run, ITEMS)).await {
            Ok(()) => Ok(Fed::All),
            Err(error) => self.refused(error, Vec::new()).await,
        }
    }

    fn add<T: Stored>(
        &self,
        chunk: &mut Chunk,
        number: u64,
        item: Item<T>,
    ) -> Result<(), SubmitError> {
        let (item, value) = StoredItem::of(number, item);
        let wrong = |error| failure(format!("the item has no JSON: {error}"));
        let artifact = match write(value, wrong) {
            Ok(payload) => artifact(&ItemNote::new(item.clone()), payload)?,
            Err(cause) => self.failed(item.clone(), cause)?,
        };
        chunk.since.get_or_insert_with(Moment::now);
        chunk.bytes += artifact.payload.size();
        chunk.items.push(item);
        chunk.artifacts.push(artifact);
        Ok(())
    }

    /// The artifact of an item that cannot be stored: it has failed in the first stage.
    fn failed(&self, item: StoredItem, cause: Cause) -> Result<NewArtifact, SubmitError> {
        let mut note = ItemNote::new(item);
        let first = Arc::clone(&self.first);
        note.error = Some((&ItemError::new(first, None, None, 0, cause)).into());
        artifact(&note, Payload::default())
    }

    /// Stores a chunk, of which the run is told first.
    async fn append(&self, chunk: &Chunk) -> Result<There, ClusterError> {
        self.accept(chunk).await;
        let all = self.store(chunk.artifacts.clone()).await;
        let Err(ClusterError::Store(StoreError::TooLarge { .. })) = all else {
            return all;
        };
        let mut all = There::default();
        for (item, artifact) in chunk.items.iter().zip(&chunk.artifacts) {
            let there = match self.store(vec![artifact.clone()]).await {
                Err(ClusterError::Store(error @ StoreError::TooLarge { .. })) => {
                    // What is said of it may be what is too large.
                    let failed = self.failed(item.bare(), failure(error.to_string()));
                    let failed = failed.map_err(|_| ClusterError::Store(error))?;
                    self.store(vec![failed]).await?
                }
                stored => stored?,
            };
            all.last = there.last;
            all.knows_some |= there.knows_some;
        }
        Ok(all)
    }

    /// From now on the items have outcomes, one each.
    async fn accept(&self, chunk: &Chunk) {
        let labels: Vec<_> = chunk.items.iter().map(StoredItem::label).collect();
        self.replay.accept(&labels);
        self.replay.observed().await;
    }

    async fn store(&self, artifacts: Vec<NewArtifact>) -> Result<There, ClusterError> {
        if artifacts.is_empty() {
            return Ok(There::default());
        }
        let append = || {
            self.cluster
                .append_input(&self.run, ITEMS, artifacts.clone())
        };
        let appended = persist(append).await?;
        Ok(There {
            last: appended.last_seq,
            knows_some: appended.duplicates > 0,
        })
    }

    /// What it means that the run takes no more, and not these.
    async fn refused(
        &self,
        error: ClusterError,
        items: Vec<StoredItem>,
    ) -> Result<Fed, SubmitError> {
        let ClusterError::Store(StoreError::WrongState { .. }) = &error else {
            return Err(error.into());
        };
        let node = persist(async || {
            let node = self.cluster.store().node(self.run.clone(), ITEMS.into());
            Ok(node.await?)
        });
        let node = node.await?;
        Ok(if node.state == NodeState::Finished {
            Fed::Others(node.totals.artifacts)
        } else {
            Fed::Refused(items)
        })
    }
}

/// Why an item cannot be stored.
fn failure(error: String) -> Cause {
    (ItemErrorKind::Failed(error.into()), "Unstorable")
}

/// What comes next: waits for it only if that is wanted.
async fn next<T, I>(mut items: Pin<&mut I>, waits: bool) -> Next<T>
where
    I: Stream<Item: IntoItem<T>>,
{
    poll_fn(|cx| match items.as_mut().poll_next(cx) {
        Poll::Ready(Some(item)) => Poll::Ready(Next::Item(item.into_item())),
        Poll::Ready(None) => Poll::Ready(Next::End),
        Poll::Pending if waits => Poll::Pending,
        Poll::Pending => Poll::Ready(Next::Later),
    })
    .await
}

/// The artifact of an item.
fn artifact(note: &ItemNote, payload: Payload) -> Result<NewArtifact, SubmitError> {
    let uid = format!("item-{}", note.item.sequence_id);
    let meta = note.to_meta().map_err(|source| SubmitError::Unreadable {
        node: ITEMS.into(),
        artifact: uid.clone(),
        source,
    })?;
    Ok(NewArtifact {
        uid: uid.into(),
        payload,
        meta,
    })
}
