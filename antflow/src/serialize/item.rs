use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::fields;
use crate::item::{ItemError, ItemErrorKind, ItemId, Metadata, MetadataValue, PipelineResult};

impl Serialize for ItemId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = ItemId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of an item: a number from 0 on, or a text")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<ItemId, E> {
        Ok(ItemId::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ItemId, E> {
        Ok(text.into())
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MetadataVisitor)
    }
}

struct MetadataVisitor;

impl<'de> Visitor<'de> for MetadataVisitor {
    type Value = Metadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts, numbers and truth values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Metadata, A::Error> {
        let mut metadata = Metadata::new();
        while let Some((key, value)) = entries.next_entry::<String, MetadataValue>()? {
            metadata.insert(key, value);
        }
        Ok(metadata)
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
