use std::fmt;
use std::sync::Arc;

/// The id of an item: its sequence number, or what the feeder chose.
///
/// Cheap to clone. Numbers and texts are never equal to each other.
///
/// ```
/// use antflow::ItemId;
///
/// assert_eq!(ItemId::from("user_1").to_string(), "user_1");
/// assert_ne!(ItemId::from("1"), ItemId::from(1));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemId {
    /// A number; the sequence number where the feeder gave no id.
    Number(u64),
    /// A text.
    Text(Arc<str>),
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => fmt::Debug::fmt(text, f),
        }
    }
}

impl From<u64> for ItemId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for ItemId {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<i32> for ItemId {
    /// A negative number becomes its text.
    fn from(number: i32) -> Self {
        u64::try_from(number).map_or_else(|_| number.to_string().into(), Self::Number)
    }
}

impl From<usize> for ItemId {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<&str> for ItemId {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for ItemId {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Arc<str>> for ItemId {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

impl PartialEq<str> for ItemId {
    fn eq(&self, other: &str) -> bool {
        matches!(self, Self::Text(text) if **text == *other)
    }
}

impl PartialEq<&str> for ItemId {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq<u64> for ItemId {
    fn eq(&self, other: &u64) -> bool {
        matches!(self, Self::Number(number) if number == other)
    }
}
