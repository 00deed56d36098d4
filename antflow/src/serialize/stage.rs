use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::fields;
use crate::stats::{StageLoad, StageStats};

impl Serialize for StageStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            stage_name,
            workers,
            queue_capacity,
            is_paused,
            pending_items,
            in_progress_items,
            retrying_items,
            completed_items,
            failed_items,
            skipped_items,
            cancelled_items,
            retries,
            average_queue_wait,
            processing_time,
        } = self;
        fields!(
            serializer,
            StageStats {
                stage_name,
                workers,
                queue_capacity,
                is_paused,
                pending_items,
                in_progress_items,
                retrying_items,
                completed_items,
                failed_items,
                skipped_items,
                cancelled_items,
                retries,
                average_queue_wait: average_queue_wait.as_secs_f64(),
                processing_time: processing_time.as_secs_f64(),
                average_processing_time: self.average_processing_time().as_secs_f64(),
            }
        )
    }
}

impl Serialize for StageLoad {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            stage_name,
            workers,
            least_items,
            most_items,
            average_items,
            utilization,
        } = self;
        fields!(
            serializer,
            StageLoad {
                stage_name,
                workers,
                least_items,
                most_items,
                average_items,
                utilization,
                imbalance: self.imbalance(),
            }
        )
    }
}
