//! An item: a value travelling through the pipeline, with what belongs to it.
//!
//! The id, the priority and the metadata are chosen by whoever feeds the item. The sequence number is given by the run,
//! in the order in which the items were accepted, and decides the order of the results.

mod error;
mod id;
mod metadata;
mod part;
mod result;
mod shape;
#[cfg(feature = "cluster")]
mod stored;
mod tag;

#[cfg(feature = "cluster")]
pub(crate) use error::caught;
pub(crate) use error::panic_message;
pub use error::{BoxError, Cancelled, ItemError, ItemErrorKind, StageError};
pub use id::ItemId;
pub use metadata::{Metadata, MetadataValue};
pub use part::Yield;
pub(crate) use part::{Joint, Part, Whole, conclude};
pub use result::PipelineResult;
pub(crate) use shape::next;
pub use shape::{Filtered, Shape, Split, Spread, Undivided};
#[cfg(feature = "cluster")]
pub use stored::RemoteError;
#[cfg(feature = "cluster")]
pub(crate) use stored::{StoredError, StoredItem};
pub(crate) use tag::Tag;

/// The priority of an item that was fed without one. Lower goes first.
pub const DEFAULT_PRIORITY: i32 = 100;

/// A value on its way into a pipeline.
///
/// Whatever is fed becomes an `Item` through [`IntoItem`], so that plain values need no wrapping.
///
/// ```
/// use antflow::Item;
///
/// let item = Item::new("row")
///     .id("batch_0001")
///     .priority(10)
///     .metadata("source", "orders.csv");
/// assert_eq!(item.value, "row");
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Item<T> {
    /// The value that the first stage gets.
    pub value: T,
    id: Option<ItemId>,
    priority: i32,
    metadata: Metadata,
}

impl<T> Item<T> {
    /// An item without an id of its own, of priority [`DEFAULT_PRIORITY`], without metadata.
    pub fn new(value: T) -> Self {
        Self {
            value,
            id: None,
            priority: DEFAULT_PRIORITY,
            metadata: Metadata::default(),
        }
    }

    /// Gives the item an id that events, errors and results carry.
    ///
    /// Without one, the id is the sequence number. Two items of one run may have the same id: they are told apart by
    /// their sequence numbers, and the run counts them in `duplicate_ids`.
    pub fn id(mut self, id: impl Into<ItemId>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the priority: lower goes first, first-in-first-out inside one priority, in every stage's queue.
    ///
    /// The order of the results does not depend on it.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// Adds one entry of metadata, which comes back with the result. A key that is there already is replaced.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<MetadataValue>) -> Self {
        self.metadata.insert(key, value);
        self
    }

    /// Keeps everything but the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Item<U> {
        Item {
            value: f(self.value),
            id: self.id,
            priority: self.priority,
            metadata: self.metadata,
        }
    }

    fn split(self) -> (T, Label) {
        let label = Label {
            priority: self.priority,
            details: (self.id.is_some() || !self.metadata.is_empty()).then(|| {
                std::sync::Arc::new(Details {
                    id: self.id,
                    metadata: self.metadata,
                    part: None,
                    members: None,
                })
            }),
        };
        (self.value, label)
    }
}

/// What the feeder says of an item, apart from its value. One word where nothing was said.
#[derive(Debug, Clone)]
pub struct Label {
    pub(crate) priority: i32,
    pub(crate) details: Option<std::sync::Arc<Details>>,
}

/// The rare parts of a [`Label`].
#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) id: Option<ItemId>,
    pub(crate) metadata: Metadata,
    /// Which part of the item it is, behind the place where the item was divided.
    pub(crate) part: Option<Part>,
    /// The items that are in it, if it is a batch.
    pub(crate) members: Option<Box<[Tag]>>,
}

/// What can be fed to a pipeline that takes `T`: a `T`, or an [`Item`] of one.
#[diagnostic::on_unimplemented(
    message = "a pipeline that takes `{T}` cannot be fed with `{Self}`",
    label = "this is `{Self}`, not `{T}`",
    note = "feed values of the first stage's input type, or `Item::new(value)` of one"
)]
pub trait IntoItem<T>: Sized {
    /// The item of this value.
    fn into_item(self) -> Item<T>;

    /// The value, and what is said of it.
    #[doc(hidden)]
    fn into_parts(self) -> (T, Label) {
        self.into_item().split()
    }
}

impl<T> IntoItem<T> for T {
    fn into_item(self) -> Item<T> {
        Item::new(self)
    }

    #[inline]
    fn into_parts(self) -> (T, Label) {
        let label = Label {
            priority: DEFAULT_PRIORITY,
            details: None,
        };
        (self, label)
    }
}

impl<T> IntoItem<T> for Item<T> {
    fn into_item(self) -> Self {
        self
    }
}

impl<T> From<T> for Item<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
