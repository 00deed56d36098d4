use std::time::Duration;

use serde_json::{Map, Value};

use super::error::Mistakes;
use crate::cluster::nearest::suggestion;

/// The fields of one JSON object: each is taken once, and what is left over in the end was not known.
pub(in crate::cluster) struct Fields<'m> {
    at: String,
    object: Map<String, Value>,
    known: Vec<&'static str>,
    mistakes: &'m mut Mistakes,
}

impl<'m> Fields<'m> {
    /// The fields of `value`, which has to be an object.
    pub(in crate::cluster) fn of(
        at: impl Into<String>,
        value: Value,
        mistakes: &'m mut Mistakes,
    ) -> Option<Self> {
        let at = at.into();
        match value {
            Value::Object(object) => Some(Self {
                at,
                object,
                known: Vec::new(),
                mistakes,
            }),
            other => {
                mistakes.add(at, format!("expected an object, found {}", kind(&other)));
                None
            }
        }
    }

    fn path(&self, key: &str) -> String {
        if self.at.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.at)
        }
    }

    pub(in crate::cluster) fn wrong(&mut self, key: &str, what: impl Into<String>) {
        let path = self.path(key);
        self.mistakes.add(path, what);
    }

    pub(in crate::cluster) fn mistakes(&mut self) -> &mut Mistakes {
        self.mistakes
    }

    /// Takes what is there under `key`; `null` counts as nothing.
    pub(in crate::cluster) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.object.remove(key).filter(|value| !value.is_null())
    }

    /// Takes a value that `read` understands; `expected` says which.
    fn read<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key)?;
        let found = read(&value);
        if found.is_none() {
            self.wrong(key, format!("expected {expected}, found {}", kind(&value)));
        }
        found
    }

    pub(in crate::cluster) fn text(&mut self, key: &'static str) -> Option<String> {
        self.read(key, "a text that is not empty", |value| {
            value
                .as_str()
                .filter(|text| !text.is_empty())
                .map(ToOwned::to_owned)
        })
    }

    pub(in crate::cluster) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.read(key, "a list of texts", |value| {
            let texts = value.as_array()?.iter();
            texts
                .map(|text| text.as_str().map(ToOwned::to_owned))
                .collect()
        })
    }

    pub(in crate::cluster) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.read(key, "true or false", Value::as_bool)
    }

    pub(in crate::cluster) fn count(&mut self, key: &'static str, from: u32) -> Option<u32> {
        let expected = format!("a whole number from {from} to {}", u32::MAX);
        self.read(key, &expected, |value| {
            let count = value.as_u64().and_then(|count| u32::try_from(count).ok())?;
            (count >= from).then_some(count)
        })
    }

    pub(in crate::cluster) fn object(&mut self, key: &'static str) -> Option<Map<String, Value>> {
        self.read(key, "an object", |value| value.as_object().cloned())
    }

    /// Takes a number of seconds, which may have a fraction.
    pub(in crate::cluster) fn seconds(&mut self, key: &'static str) -> Option<Duration> {
        self.read(key, "a number of seconds, not negative", |value| {
            Duration::try_from_secs_f64(value.as_f64()?).ok()
        })
    }

    /// Takes a number of milliseconds.
    pub(in crate::cluster) fn millis(&mut self, key: &'static str) -> Option<Duration> {
        self.read(key, "a whole number of milliseconds", |value| {
            value.as_u64().map(Duration::from_millis)
        })
    }

    /// Takes all that nobody has taken.
    pub(in crate::cluster) fn rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.object)
    }

    /// Reports what nobody has taken.
    pub(in crate::cluster) fn end(mut self) {
        for key in std::mem::take(&mut self.object).keys() {
            let near = suggestion(key, self.known.iter().copied());
            let known = self.known.join("`, `");
            let what = if near.is_empty() {
                format!("unknown key, expected one of `{known}`")
            } else {
                format!("unknown key{near}")
            };
            self.wrong(key, what);
        }
    }
}

/// How a value is named in messages.
pub(in crate::cluster) fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => format!("`{value}`"),
    }
}
