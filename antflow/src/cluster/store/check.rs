//! What every engine refuses before it begins a transaction.

use super::{CommitRequest, Finish, NewArtifact, Payload, StoreError};
use crate::cluster::protocol::Metrics;

/// Checks sizes and numbers of a commit; `limit` is how many bytes a payload may have.
pub(super) fn commit(request: &CommitRequest, limit: usize) -> Result<(), StoreError> {
    for batch in &request.batches {
        metrics(&batch.metrics, || format!("batch `{}`", batch.uid))?;
        artifacts(&batch.artifacts, limit)?;
    }
    match &request.checkpoint {
        Some(data) => checkpoint(data, limit),
        None => Ok(()),
    }
}

/// Checks sizes and numbers of an end.
pub(super) fn finish(finish: &Finish, limit: usize) -> Result<(), StoreError> {
    metrics(&finish.metrics, || "the end".into())?;
    artifacts(&finish.artifacts, limit)?;
    match &finish.result {
        Some(result) => size(result.size(), limit, || "the result".into()),
        None => Ok(()),
    }
}

/// Checks the size of a checkpoint.
pub(super) fn checkpoint(data: &Payload, limit: usize) -> Result<(), StoreError> {
    size(data.size(), limit, || "the checkpoint".into())
}

/// Checks the sizes of artifacts: of the payload and of the meta, each for itself.
pub(super) fn artifacts(artifacts: &[NewArtifact], limit: usize) -> Result<(), StoreError> {
    for artifact in artifacts {
        let uid = &artifact.uid;
        size(artifact.payload.size(), limit, || {
            format!("artifact `{uid}`")
        })?;
        if !artifact.meta.is_empty() {
            let mut meta = Counted(0);
            // Meta is JSON already, and counting does not fail.
            let written = serde_json::to_writer(&mut meta, &artifact.meta);
            written.map_err(|error| StoreError::Invalid(error.to_string()))?;
            size(meta.0, limit, || format!("meta of artifact `{uid}`"))?;
        }
    }
    Ok(())
}

fn size(bytes: usize, limit: usize, what: impl FnOnce() -> String) -> Result<(), StoreError> {
    if bytes <= limit {
        return Ok(());
    }
    Err(StoreError::TooLarge {
        what: what(),
        bytes,
        limit,
    })
}

fn metrics(metrics: &Metrics, of: impl FnOnce() -> String) -> Result<(), StoreError> {
    match metrics.iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some((name, value)) => Err(StoreError::Invalid(format!(
            "the metric `{name}` of {} is {value}: report finite numbers",
            of()
        ))),
    }
}

/// Counts bytes, and keeps none.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
