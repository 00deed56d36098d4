use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{fields, unix_seconds};
use crate::event::{StatusEvent, TaskEvent};

impl Serialize for StatusEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            run,
            item_id,
            sequence_id,
            stage,
            status,
            worker,
            timestamp,
            started,
            error,
            next_attempt,
            metadata,
        } = self;
        fields!(
            serializer,
            StatusEvent {
                run,
                item_id,
                sequence_id,
                stage: **stage,
                status,
                worker,
                worker_id: self.worker_id(),
                timestamp: unix_seconds(*timestamp),
                started: started.map(unix_seconds),
                duration: self.duration().map(|duration| duration.as_secs_f64()),
                error,
                next_attempt,
                metadata,
            }
        )
    }
}

impl Serialize for TaskEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            run,
            item_id,
            sequence_id,
            stage,
            task,
            worker,
            kind,
            attempt,
            timestamp,
            error,
            duration,
        } = self;
        fields!(
            serializer,
            TaskEvent {
                run,
                item_id,
                sequence_id,
                stage: **stage,
                task: **task,
                worker,
                worker_id: self.worker_id(),
                kind,
                attempt,
                timestamp: unix_seconds(*timestamp),
                error,
                duration: duration.map(|duration| duration.as_secs_f64()),
            }
        )
    }
}
