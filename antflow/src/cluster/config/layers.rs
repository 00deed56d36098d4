use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::ConfigError;

/// How variables of the environment are read.
pub(in crate::cluster) struct Keys {
    /// What their names begin with.
    pub(in crate::cluster) prefix: &'static str,
    /// Keys whose values are text, whatever they look like.
    pub(in crate::cluster) texts: &'static [&'static str],
    /// Keys whose values are lists, with commas between the texts.
    pub(in crate::cluster) lists: &'static [&'static str],
}

/// The key of the variable that names a file: it is no value of the configuration itself.
const FILE: &str = "CONFIG";

/// The variable that names a file.
pub(super) fn file_variable(keys: &Keys) -> String {
    format!("{}{FILE}", keys.prefix)
}

/// What a file says.
pub(super) fn file(path: &Path) -> Result<Value, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::File {
        path: path.to_owned(),
        source: Arc::new(source),
    })?;
    let is_toml = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("toml"));
    let value = if is_toml {
        toml::from_str(&text).map_err(|error| error.to_string())
    } else {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    };
    value.map_err(|reason| ConfigError::Syntax {
        path: path.to_owned(),
        reason,
    })
}

/// What the variables of the environment say that begin with the prefix.
pub(in crate::cluster) fn environment(
    keys: &Keys,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Value {
    let mut object = Map::new();
    for (name, value) in variables {
        let name = name.to_string_lossy();
        if let Some(key) = name.strip_prefix(keys.prefix)
            && key != FILE
        {
            let key = key.to_lowercase();
            let value = read(keys, &key, &value.to_string_lossy());
            object.insert(key, value);
        }
    }
    Value::Object(object)
}

fn read(keys: &Keys, key: &str, text: &str) -> Value {
    let as_text = || Value::String(text.to_owned());
    if keys.texts.contains(&key) {
        return as_text();
    }
    if keys.lists.contains(&key) {
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        return Value::Array(items.map(|item| Value::String(item.to_owned())).collect());
    }
    // What is neither a number nor a truth is reported as the text that it is.
    serde_json::from_str(text).unwrap_or_else(|_| as_text())
}
