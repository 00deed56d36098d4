use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{ConfigError, Keys, environment, file, layers};
use crate::cluster::graph::error::Mistakes;
use crate::cluster::graph::fields::Fields;

/// A configuration that is read in layers, whoever it is for.
pub(in crate::cluster) trait Layered: Default {
    /// How the variables of the environment are read.
    const KEYS: Keys;

    /// Puts what a layer says over what there is.
    fn put(&mut self, fields: &mut Fields<'_>);

    /// Finds values that are wrong, or do not go together.
    fn find_mistakes(&self, mistakes: &mut Mistakes);

    /// Writes what [`put`](Self::put) reads.
    fn write(&self, object: &mut Map<String, Value>);
}

/// Reads a file, over it the variables of the environment, and over both `overrides`.
pub(in crate::cluster) fn load<C: Layered>(
    path: &Path,
    overrides: Value,
) -> Result<C, ConfigError> {
    layered([
        (path.display().to_string(), file(path)?),
        ("environment".to_owned(), variables::<C>()),
        ("overrides".to_owned(), overrides),
    ])
}

/// Reads the variables of the environment, over the file that one of them names.
pub(in crate::cluster) fn from_env<C: Layered>() -> Result<C, ConfigError> {
    let named = std::env::var_os(layers::file_variable(&C::KEYS)).filter(|path| !path.is_empty());
    match named {
        Some(path) => load(Path::new(&path), Value::Null),
        None => layered([("environment".to_owned(), variables::<C>())]),
    }
}

fn variables<C: Layered>() -> Value {
    environment(&C::KEYS, std::env::vars_os())
}

/// Reads layers, the later ones over the earlier ones, each with the place that mistakes name.
pub(in crate::cluster) fn layered<C: Layered>(
    layers: impl IntoIterator<Item = (String, Value)>,
) -> Result<C, ConfigError> {
    let mut mistakes = Mistakes::default();
    let mut config = C::default();
    for (at, layer) in layers {
        let layer = if layer.is_null() {
            Value::Object(Map::new())
        } else {
            layer
        };
        if let Some(mut fields) = Fields::of(at, layer, &mut mistakes) {
            config.put(&mut fields);
            fields.end();
        }
    }
    config.find_mistakes(&mut mistakes);
    ConfigError::of(mistakes).map_or(Ok(config), Err)
}

/// Looks whether the values go together.
pub(in crate::cluster) fn check<C: Layered>(config: &C) -> Result<(), ConfigError> {
    let mut mistakes = Mistakes::default();
    config.find_mistakes(&mut mistakes);
    ConfigError::of(mistakes).map_or(Ok(()), Err)
}

/// The configuration as an object, as it is read.
pub(in crate::cluster) fn to_value<C: Layered>(config: &C) -> Value {
    let mut object = Map::new();
    config.write(&mut object);
    Value::Object(object)
}

/// Replaces what there is, if something is given.
pub(in crate::cluster) fn put<T>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}

/// A time as whole milliseconds.
pub(in crate::cluster) fn millis(time: Duration) -> Value {
    json!(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
