use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::fields;
use crate::item::{ItemError, ItemErrorKind, ItemId, Metadata, PipelineResult};

impl Serialize for ItemId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Serialize for ItemError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fields!(
            serializer,
            ItemError {
                kind: self.kind(),
                type_name: self.type_name(),
                message: format_args!("{}", self.kind()),
                stage: self.stage(),
                task: self.task(),
                worker: self.worker(),
                attempts: self.attempts(),
            }
        )
    }
}

impl Serialize for ItemErrorKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<T: Serialize> Serialize for PipelineResult<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            id,
            sequence_id,
            value,
            metadata,
        } = self;
        fields!(
            serializer,
            PipelineResult {
                id,
                sequence_id,
                value: value.as_ref().ok(),
                error: self.error(),
                metadata,
            }
        )
    }
}
