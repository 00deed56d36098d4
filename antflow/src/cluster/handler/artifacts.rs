use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::cluster::BatchUid;
use crate::cluster::store::{ArtifactRef, Lease, NewArtifact, Payload};

/// Writes artifacts of a batch, or of the end of a node, beside what the handler returns.
///
/// They become visible together with the batch, in one transaction: nobody reads what a batch wrote that failed later.
#[derive(Debug, Clone)]
pub struct ArtifactWriter {
    pub(super) lease: Lease,
    pub(super) written: Written,
}

/// Why an artifact was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// Its data has no JSON.
    #[error("artifact `{uid}` has no JSON: {source}")]
    Json {
        /// The artifact.
        uid: BatchUid,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// What is said about it is no object.
    #[error("the meta of artifact `{0}` is no object: give a map or a struct")]
    NotAnObject(BatchUid),
    /// There is no batch to which it would belong.
    #[error("artifact `{0}` belongs to no batch: write artifacts in `process_batch` or `finalize`")]
    NoBatch(BatchUid),
}

impl ArtifactWriter {
    /// Says something about the artifact of this id: an object, in which there may be the lists that rechunk cuts up.
    ///
    /// Written again under the same id, it takes the place of what was written before. Under the id of the batch, it
    /// goes together with the output that [`process_batch`](super::Handler::process_batch) returns.
    ///
    /// # Errors
    /// It is no object, or there is no batch to which it would belong.
    pub fn upsert_partial(
        &self,
        uid: impl Into<BatchUid>,
        meta: impl Serialize,
    ) -> Result<ArtifactRef, ArtifactError> {
        self.write(uid.into(), meta, Payload::default())
    }

    /// As [`upsert_partial`](Self::upsert_partial), with data of its own.
    ///
    /// # Errors
    /// As [`upsert_partial`](Self::upsert_partial); or the data has no JSON.
    pub fn upsert_with(
        &self,
        uid: impl Into<BatchUid>,
        meta: impl Serialize,
        payload: &(impl Serialize + ?Sized),
    ) -> Result<ArtifactRef, ArtifactError> {
        let uid = uid.into();
        match Payload::of(payload) {
            Ok(payload) => self.write(uid, meta, payload),
            Err(source) => Err(ArtifactError::Json { uid, source }),
        }
    }

    fn write(
        &self,
        uid: BatchUid,
        meta: impl Serialize,
        payload: Payload,
    ) -> Result<ArtifactRef, ArtifactError> {
        let meta = match serde_json::to_value(meta) {
            Ok(Value::Object(meta)) => meta,
            Ok(_) => return Err(ArtifactError::NotAnObject(uid)),
            Err(source) => return Err(ArtifactError::Json { uid, source }),
        };
        let artifact = NewArtifact {
            uid: uid.clone(),
            payload,
            meta,
        };
        if !self.written.put(artifact) {
            return Err(ArtifactError::NoBatch(uid));
        }
        Ok(ArtifactRef {
            run: self.lease.run.clone(),
            node: self.lease.node.clone(),
            uid,
        })
    }
}

/// Artifacts that wait in memory for the transaction of their batch.
#[derive(Debug, Clone)]
pub(crate) struct Written(Arc<Mutex<Option<Vec<NewArtifact>>>>);

impl Written {
    /// A place for those of one batch.
    pub(crate) fn open() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }

    /// A place that takes none.
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<NewArtifact>>> {
        // Nothing that is done under this lock can panic halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, artifact: NewArtifact) -> bool {
        let mut written = self.lock();
        let Some(written) = written.as_mut() else {
            return false;
        };
        match written.iter_mut().find(|other| other.uid == artifact.uid) {
            Some(other) => *other = artifact,
            None => written.push(artifact),
        }
        true
    }

    /// Takes what was written; nothing is taken from then on. Of an output, the artifact is the one under the id of
    /// the batch, and comes first.
    pub(crate) fn take(&self, output: Option<(BatchUid, Payload)>) -> Vec<NewArtifact> {
        let mut written = self.lock().take().unwrap_or_default();
        let Some((uid, payload)) = output else {
            return written;
        };
        let said = written.iter().position(|artifact| artifact.uid == uid);
        let meta = said.map_or_else(Map::new, |at| written.remove(at).meta);
        written.insert(0, NewArtifact { uid, payload, meta });
        written
    }
}
