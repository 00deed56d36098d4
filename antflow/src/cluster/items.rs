//! What artifacts say of items: of a pipeline that was submitted, each artifact is an item that has left a stage.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::Happening;
use crate::item::{StoredError, StoredItem};

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

    /// What the meta of an artifact says; `None` if it is no item.
    ///
    /// # Errors
    /// It is an item of another version.
    pub(crate) fn read(meta: &Map<String, Value>) -> Result<Option<Self>, serde_json::Error> {
        meta.get(ITEM).map(Self::deserialize).transpose()
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
