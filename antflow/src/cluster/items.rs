//! What artifacts say of items: of a pipeline that was submitted, each artifact is an item that has left a stage.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cluster::store::Payload;
use crate::event::Happening;
use crate::item::{ItemError, ItemErrorKind, StoredError, StoredItem, caught};

/// So many happenings are kept of an item that had more than can be stored: the last ones.
const LAST: usize = 32;

/// What ended an item, and the name of its type.
pub(crate) type Cause = (ItemErrorKind, &'static str);

/// Writes a value of users. It is dropped here, as that is users' code too.
///
/// # Errors
/// It has no JSON, or panics: `wrong` says the first.
pub(crate) fn write<T: Serialize>(
    value: T,
    wrong: impl FnOnce(serde_json::Error) -> Cause,
) -> Result<Payload, Cause> {
    let written = caught(|| Payload::of(&value));
    if let Err(_message) = caught(move || drop(value)) {
        crate::log::error!("a value panicked when it was dropped");
    }
    written.map_err(panicked)?.map_err(wrong)
}

/// Reads a value of users.
///
/// # Errors
/// It is another one, or panics: `wrong` says the first.
pub(crate) fn read<T: DeserializeOwned>(
    text: &str,
    wrong: impl FnOnce(serde_json::Error) -> Cause,
) -> Result<T, Cause> {
    let read = caught(|| serde_json::from_str(text));
    read.map_err(panicked)?.map_err(wrong)
}

fn panicked(message: String) -> Cause {
    (ItemErrorKind::Panicked(message), "Panic")
}

/// The node that holds the items that are fed. No stage is called so.
pub(crate) const ITEMS: &str = ":items";

/// Where in an artifact's meta it is said.
pub(crate) const ITEM: &str = "antflow.item";

/// An item that has left a stage. Its value is the payload of the artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemNote {
    #[serde(flatten)]
    pub(crate) item: StoredItem,
    /// What happened to it in the stage. Nothing if it had ended before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) happenings: Vec<Happening>,
    /// Why it has no value: it goes through all stages behind as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<StoredError>,
}

impl ItemNote {
    pub(crate) fn new(item: StoredItem) -> Self {
        Self {
            item,
            happenings: Vec::new(),
            error: None,
        }
    }

    /// Ends it in the stage of which it tells, in place of how it had left it.
    pub(crate) fn fail(&mut self, error: &ItemError) {
        Happening::fail(&mut self.happenings, error);
        self.error = Some(error.into());
    }

    /// What the meta of an artifact says; `None` if it is no item.
    ///
    /// # Errors
    /// It is an item of another version.
    pub(crate) fn read(meta: &Map<String, Value>) -> Result<Option<Self>, serde_json::Error> {
        meta.get(ITEM).map(Self::deserialize).transpose()
    }

    /// The meta of its artifact, of so many bytes at most: else less is said of what happened to it, and at last of
    /// itself.
    ///
    /// # Errors
    /// As [`to_meta`](Self::to_meta).
    pub(crate) fn meta_within(
        &mut self,
        bytes: usize,
    ) -> Result<Map<String, Value>, serde_json::Error> {
        let measures: [fn(&mut Self); 3] = [
            |note| {
                let errors = note
                    .happenings
                    .iter_mut()
                    .map(|happening| &mut happening.error);
                errors
                    .chain([&mut note.error])
                    .flatten()
                    .for_each(StoredError::shorten);
            },
            |note| {
                let more = note.happenings.len().saturating_sub(LAST);
                note.happenings.drain(..more);
            },
            |note| note.item = note.item.bare(),
        ];
        for measure in measures {
            let meta = self.to_meta()?;
            if serde_json::to_string(&meta)?.len() <= bytes {
                return Ok(meta);
            }
            measure(self);
        }
        self.to_meta()
    }

    /// The meta of its artifact.
    ///
    /// # Errors
    /// It has no JSON, which cannot be.
    pub(crate) fn to_meta(&self) -> Result<Map<String, Value>, serde_json::Error> {
        let mut meta = Map::new();
        meta.insert(ITEM.to_owned(), serde_json::to_value(self)?);
        Ok(meta)
    }
}
