//! Items and errors as they are stored, for other processes to read.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    DEFAULT_PRIORITY, Details, Item, ItemError, ItemErrorKind, ItemId, Label, Metadata, Tag, caught,
};
use crate::stage::WorkerId;

/// An error that a task returned in another process, or before a restart: its text and those of its sources. It cannot be
/// downcast to what it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RemoteError {
    message: String,
    source: Option<Box<RemoteError>>,
}

impl RemoteError {
    /// Of the texts of an error and of its sources.
    fn of(texts: Vec<String>) -> Self {
        let mut texts = texts.into_iter().rev();
        let innermost = Self {
            message: texts.next().unwrap_or_default(),
            source: None,
        };
        texts.fold(innermost, |source, message| Self {
            message,
            source: Some(Box::new(source)),
        })
    }
}

/// An [`ItemError`] that is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredError {
    kind: StoredKind,
    #[serde(rename = "type")]
    type_name: String,
    stage: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker: Option<usize>,
    attempts: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredKind {
    /// The texts of the error and of its sources.
    Failed(Vec<String>),
    Panicked(String),
    TimedOut(Duration),
    Cancelled,
}

/// So many sources of an error are stored, and so many bytes of each text: an item says it once for each attempt.
const SOURCES: usize = 16;
const TEXT: usize = 4096;

/// The texts of an error and of its sources. They are made by users' code, which may panic.
fn texts(error: &(dyn Error + 'static)) -> Vec<String> {
    let chain = std::iter::successors(Some(error), |&error| {
        caught(|| error.source()).unwrap_or_default()
    });
    let text = |error: &(dyn Error + 'static)| {
        caught(|| error.to_string())
            .unwrap_or_else(|panic| format!("an error that panics when it is shown: {panic}"))
    };
    chain.take(SOURCES).map(|error| cut(text(error))).collect()
}

/// The beginning of a text that is long.
fn cut(text: String) -> String {
    cut_to(TEXT, text)
}

fn cut_to(most: usize, mut text: String) -> String {
    let bytes = text.len();
    if bytes > most {
        let is_boundary = |at: &usize| text.is_char_boundary(*at);
        let end = (0..=most).rev().find(is_boundary).unwrap_or_default();
        text.truncate(end);
        text.push_str(&format!(".. ({bytes} bytes)"));
    }
    text
}

impl From<&ItemError> for StoredError {
    fn from(error: &ItemError) -> Self {
        let kind = match error.kind() {
            ItemErrorKind::Failed(error) => StoredKind::Failed(texts(&**error)),
            ItemErrorKind::Panicked(message) => StoredKind::Panicked(cut(message.clone())),
            ItemErrorKind::TimedOut(limit) => StoredKind::TimedOut(*limit),
            ItemErrorKind::Cancelled => StoredKind::Cancelled,
        };
        Self {
            kind,
            type_name: error.type_name().to_owned(),
            stage: error.stage().to_owned(),
            task: error.task().map(str::to_owned),
            worker: error.worker().map(WorkerId::index),
            attempts: error.attempts(),
        }
    }
}

impl StoredError {
    /// Keeps the beginning of its text, where all is more than can be stored.
    pub(crate) fn shorten(&mut self) {
        const SHORT: usize = 100;
        match &mut self.kind {
            StoredKind::Failed(texts) => {
                texts.truncate(1);
                for text in texts {
                    *text = cut_to(SHORT, std::mem::take(text));
                }
            }
            StoredKind::Panicked(text) => *text = cut_to(SHORT, std::mem::take(text)),
            StoredKind::TimedOut(_) | StoredKind::Cancelled => {}
        }
    }
}

impl From<StoredError> for ItemError {
    fn from(stored: StoredError) -> Self {
        let kind = match stored.kind {
            StoredKind::Failed(texts) => ItemErrorKind::Failed(RemoteError::of(texts).into()),
            StoredKind::Panicked(message) => ItemErrorKind::Panicked(message),
            StoredKind::TimedOut(limit) => ItemErrorKind::TimedOut(limit),
            StoredKind::Cancelled => ItemErrorKind::Cancelled,
        };
        let stage: Arc<str> = stored.stage.into();
        let worker = stored.worker;
        Self::new(
            Arc::clone(&stage),
            stored.task.map(Into::into),
            worker.map(|index| WorkerId::new(stage, index)),
            stored.attempts,
            (kind, Cow::Owned(stored.type_name)),
        )
    }
}

/// What belongs to an item beside its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredItem {
    /// Its sequence number.
    #[serde(rename = "seq")]
    pub(crate) sequence_id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<ItemId>,
    #[serde(default = "usual", skip_serializing_if = "is_usual")]
    priority: i32,
    #[serde(default, skip_serializing_if = "Metadata::is_empty", with = "pairs")]
    metadata: Metadata,
}

/// Metadata as a list: it has an order, and numbers that JSON does not know.
mod pairs {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::item::{Metadata, MetadataValue};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Value {
        Usual(MetadataValue),
        /// A number that is not finite, as its text.
        Odd {
            float: String,
        },
    }

    pub(super) fn serialize<S: Serializer>(from: &Metadata, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(from.iter().map(|(key, value)| {
            let value = match value {
                MetadataValue::Float(float) if !float.is_finite() => Value::Odd {
                    float: float.to_string(),
                },
                value => Value::Usual(value.clone()),
            };
            (key, value)
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Metadata, D::Error> {
        let mut metadata = Metadata::new();
        for (key, value) in Vec::<(String, Value)>::deserialize(from)? {
            let value = match value {
                Value::Usual(value) => value,
                Value::Odd { float } => {
                    MetadataValue::Float(float.parse().map_err(D::Error::custom)?)
                }
            };
            metadata.insert(key, value);
        }
        Ok(metadata)
    }
}

fn usual() -> i32 {
    DEFAULT_PRIORITY
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
fn is_usual(priority: &i32) -> bool {
    *priority == DEFAULT_PRIORITY
}

impl StoredItem {
    /// An item that is about to be fed, and its value.
    pub(crate) fn of<T>(sequence_id: u64, item: Item<T>) -> (Self, T) {
        let stored = Self {
            sequence_id,
            id: item.id,
            priority: item.priority,
            metadata: item.metadata,
        };
        (stored, item.value)
    }

    /// Without what its feeder said of it, which may be more than can be stored.
    pub(crate) fn bare(&self) -> Self {
        Self {
            sequence_id: self.sequence_id,
            id: None,
            priority: self.priority,
            metadata: Metadata::new(),
        }
    }

    /// The item with this value, to be fed to another run.
    pub(crate) fn item<T>(&self, value: T) -> Item<T> {
        Item {
            value,
            // Without an id it would get the number that it has in that run.
            id: Some(self.id.clone().unwrap_or(ItemId::Number(self.sequence_id))),
            priority: self.priority,
            metadata: self.metadata.clone(),
        }
    }

    /// What a run knows of it.
    pub(crate) fn label(&self) -> Label {
        let says = self.id.is_some() || !self.metadata.is_empty();
        let details = says.then(|| {
            Arc::new(Details {
                id: self.id.clone(),
                metadata: self.metadata.clone(),
                part: None,
                members: None,
            })
        });
        Label {
            priority: self.priority,
            details,
        }
    }

    pub(crate) fn tag(&self) -> Tag {
        Tag::new(self.sequence_id, self.label())
    }
}

#[cfg(all(test, not(antflow_loom)))]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the page is gone")]
    struct Gone(#[source] std::num::ParseIntError);

    fn stored(error: &ItemError) -> ItemError {
        let text = serde_json::to_string(&StoredError::from(error)).expect("it has JSON");
        serde_json::from_str::<StoredError>(&text)
            .expect("it was written so")
            .into()
    }

    #[test]
    fn an_error_keeps_its_place_and_its_texts() {
        let source = "x".parse::<u32>().unwrap_err();
        let kinds = [
            ItemErrorKind::Failed(Gone(source).into()),
            ItemErrorKind::Panicked("ouch".to_owned()),
            ItemErrorKind::TimedOut(Duration::from_millis(1500)),
            ItemErrorKind::Cancelled,
        ];
        for kind in kinds {
            let stage: Arc<str> = "Fetch".into();
            let error = ItemError::new(
                Arc::clone(&stage),
                Some("get".into()),
                Some(WorkerId::new(stage, 3)),
                2,
                (kind, Cow::Borrowed("crate::Gone")),
            );
            let read = stored(&error);
            assert_eq!(read.to_string(), error.to_string());
            assert_eq!(read.type_name(), "Gone");
            assert_eq!(read.worker(), error.worker());
            assert_eq!(read.attempts(), 2);
            let texts = |error: &ItemError| {
                let error: &(dyn Error + 'static) = &error.clone();
                let chain = std::iter::successors(error.source(), |&error| error.source());
                chain.map(ToString::to_string).collect::<Vec<_>>()
            };
            assert_eq!(texts(&read), texts(&error));
            assert_eq!(texts(&stored(&read)), texts(&error));
        }
    }

    #[test]
    fn what_is_long_or_endless_is_cut() {
        #[derive(Debug, thiserror::Error)]
        #[error("{}", "ä".repeat(5000))]
        struct Long;
        #[derive(Debug)]
        struct Endless;
        impl std::fmt::Display for Endless {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("endless")
            }
        }
        impl Error for Endless {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(self)
            }
        }
        let long = texts(&Long);
        assert!(long[0].ends_with("ä.. (10000 bytes)"), "{long:?}");
        assert!(long[0].len() < TEXT + 20);
        assert_eq!(texts(&Endless).len(), SOURCES);
    }

    #[test]
    fn an_item_keeps_what_was_said_of_it() {
        let item = Item::new(()).id("first").priority(-3);
        let item = item
            .metadata("page", 3)
            .metadata("ratio", 1.0)
            .metadata("is_new", true)
            .metadata("from", "list")
            .metadata("least", f64::NEG_INFINITY);
        for item in [Item::new(()), item] {
            let (note, ()) = StoredItem::of(7, item);
            let text = serde_json::to_string(&note).unwrap();
            assert_eq!(serde_json::from_str::<StoredItem>(&text).unwrap(), note);
        }
        let (note, ()) = StoredItem::of(7, Item::new(()));
        assert_eq!(serde_json::to_string(&note).unwrap(), r#"{"seq":7}"#);
    }
}
