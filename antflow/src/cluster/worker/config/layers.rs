use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::ConfigError;

/// What the variables of the environment begin with.
pub const ENV_PREFIX: &str = "ANTFLOW_WORKER_";

/// Keys whose values are text, whatever they look like.
const TEXTS: [&str; 3] = ["kafka_bootstrap", "worker_id", "worker_version"];

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

/// What the variables of the environment say that begin with [`ENV_PREFIX`].
pub(super) fn environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Value {
    let mut object = Map::new();
    for (name, value) in variables {
        let name = name.to_string_lossy();
        if let Some(key) = name.strip_prefix(ENV_PREFIX) {
            let key = key.to_lowercase();
            let value = read(&key, &value.to_string_lossy());
            object.insert(key, value);
        }
    }
    Value::Object(object)
}

fn read(key: &str, text: &str) -> Value {
    let as_text = || Value::String(text.to_owned());
    if TEXTS.contains(&key) {
        return as_text();
    }
    if key == "roles" {
        let roles = text
            .split(',')
            .map(str::trim)
            .filter(|role| !role.is_empty());
        return Value::Array(roles.map(|role| Value::String(role.to_owned())).collect());
    }
    // What is neither a number nor a truth is reported as the text that it is.
    serde_json::from_str(text).unwrap_or_else(|_| as_text())
}
