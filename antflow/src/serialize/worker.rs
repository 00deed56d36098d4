use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{fields, unix_seconds};
use crate::stage::WorkerId;
use crate::stats::{WorkerMetrics, WorkerState};

impl Serialize for WorkerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for WorkerState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            worker,
            status,
            current_item,
            sequence_id,
            current_task,
            status_text,
            since,
        } = self;
        fields!(
            serializer,
            WorkerState {
                stage: worker.stage(),
                worker,
                worker_id: worker.index(),
                status,
                current_item,
                sequence_id,
                current_task: current_task.as_deref(),
                status_text,
                since: unix_seconds(*since),
            }
        )
    }
}

impl Serialize for WorkerMetrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            worker,
            items_processed,
            items_failed,
            retries,
            processing_time,
            waiting_time,
            last_active,
            observed,
        } = self;
        fields!(
            serializer,
            WorkerMetrics {
                stage: worker.stage(),
                worker,
                worker_id: worker.index(),
                items_processed,
                items_failed,
                retries,
                processing_time: processing_time.as_secs_f64(),
                waiting_time: waiting_time.as_secs_f64(),
                last_active: last_active.map(unix_seconds),
                observed: observed.as_secs_f64(),
                average_processing_time: self.average_processing_time().as_secs_f64(),
                utilization: self.utilization(),
                failure_rate: self.failure_rate(),
            }
        )
    }
}
