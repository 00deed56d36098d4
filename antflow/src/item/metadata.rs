use std::fmt;

/// What the feeder said of an item beside its value: a few named values, in the order in which they were added.
///
/// ```
/// use antflow::Item;
///
/// let item = Item::new(7).metadata("page", 3).metadata("lang", "eo");
/// # drop(item);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata(
    #[expect(
        clippy::box_collection,
        reason = "one word in every item, against three"
    )]
    Option<Box<Vec<Entry>>>,
);

/// Most items have none, so it takes one word where there is none.
type Entry = (String, MetadataValue);

impl Metadata {
    /// Nothing said.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// Adds an entry, or replaces the one of this key.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<MetadataValue>) {
        let (key, value) = (key.into(), value.into());
        let entries = self.0.get_or_insert_default();
        match entries.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => entries.push((key, value)),
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&MetadataValue> {
        self.entries()
            .iter()
            .find_map(|(known, value)| (known == key).then_some(value))
    }

    /// All entries, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &MetadataValue)> {
        self.entries()
            .iter()
            .map(|(key, value)| (key.as_str(), value))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    fn entries(&self) -> &[Entry] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }
}

/// One value of [`Metadata`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(untagged)
)]
#[non_exhaustive]
pub enum MetadataValue {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// A truth value.
    Boolean(bool),
}

impl fmt::Display for MetadataValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Boolean(truth) => truth.fmt(f),
        }
    }
}

impl From<&str> for MetadataValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for MetadataValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for MetadataValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for MetadataValue {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u32> for MetadataValue {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<f64> for MetadataValue {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for MetadataValue {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}
