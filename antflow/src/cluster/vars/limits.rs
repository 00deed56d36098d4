use serde_json::{Map, Value};

use super::{Sensitive, VarsOp};

/// How large changes of variables may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VarsLimits {
    /// Keys in one change, those of nested objects included. Default 256.
    pub keys: usize,
    /// Parts of a path, from the top of the variables. Default 14.
    pub depth: usize,
    /// Characters of a path. Default 512.
    pub path: usize,
    /// Characters of a part of a path. Default 128.
    pub part: usize,
    /// Bytes of a value, as JSON. Default 64 KiB.
    pub value: usize,
}

impl Default for VarsLimits {
    fn default() -> Self {
        Self {
            keys: 256,
            depth: 14,
            path: 512,
            part: 128,
            value: 64 * 1024,
        }
    }
}

/// Why changes of variables are refused before they are made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedVars {
    /// A change has too many keys.
    #[error("a change has {found} keys, more than {limit}: make several changes of it")]
    Keys {
        /// How many there are.
        found: usize,
        /// How many are taken.
        limit: usize,
    },
    /// A path has too many parts.
    #[error("the path `{path}` has {found} parts, more than {limit}: nest less")]
    Depth {
        /// The path, or its beginning.
        path: String,
        /// How many parts it has.
        found: usize,
        /// How many are taken.
        limit: usize,
    },
    /// A path, or a part of it, has too many characters.
    #[error("the path `{path}` has {found} characters in {what}, more than {limit}: shorten it")]
    Length {
        /// The beginning of the path.
        path: String,
        /// `all` or `one part`.
        what: &'static str,
        /// How many characters there are.
        found: usize,
        /// How many are taken.
        limit: usize,
    },
    /// A part of a path is empty, begins with `$`, or has a character that names must not have.
    #[error("the path `{path}` has the part `{part}`: {need}")]
    Part {
        /// The path, or its beginning.
        path: String,
        /// The part.
        part: String,
        /// What is asked of it.
        need: &'static str,
    },
    /// A value is too large.
    #[error("the value at `{path}` has {bytes} bytes, more than {limit}: store it as an artifact")]
    Value {
        /// Where.
        path: String,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        limit: usize,
    },
    /// A value looks like a secret, and secrets are blocked. The value is not shown.
    #[error("the value at `{path}` looks like a secret: keep it out of variables")]
    Secret {
        /// Where.
        path: String,
    },
}

/// Checks changes of variables before they are made, and counts values that look like secrets.
///
/// With `block`, such a value is an error. Values are never shown.
///
/// ```
/// use antflow::cluster::vars::{DefaultDetector, VarsLimits, VarsOp, check};
/// use serde_json::{Map, json};
///
/// let limits = VarsLimits::default();
/// let set = |value: &str| VarsOp::Set(Map::from_iter([("token".to_owned(), json!(value))]));
/// assert_eq!(check(&[set("none yet")], &limits, &DefaultDetector, false)?, 0);
/// let secret = "AKIAIOSFODNN7EXAMPLE";
/// assert_eq!(check(&[set(secret)], &limits, &DefaultDetector, false)?, 1);
/// let refused = check(&[set(secret)], &limits, &DefaultDetector, true).unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "the value at `token` looks like a secret: keep it out of variables"
/// );
/// # Ok::<(), antflow::cluster::vars::RefusedVars>(())
/// ```
///
/// # Errors
/// The first thing that is wrong.
pub fn check(
    ops: &[VarsOp],
    limits: &VarsLimits,
    detector: &dyn Sensitive,
    block: bool,
) -> Result<u64, RefusedVars> {
    let mut check = Check {
        limits,
        detector,
        block,
        keys: 0,
        hits: 0,
    };
    for op in ops {
        check.keys = 0;
        match op {
            VarsOp::Set(values) => {
                for (path, value) in values {
                    check.path(path)?;
                    check.value(path, value)?;
                }
            }
            VarsOp::Merge(values) => check.merge("", values)?,
            VarsOp::Incr { key, .. } => check.path(key)?,
            VarsOp::Unset(paths) => {
                for path in paths {
                    check.path(path)?;
                }
            }
        }
    }
    Ok(check.hits)
}

struct Check<'c> {
    limits: &'c VarsLimits,
    detector: &'c dyn Sensitive,
    block: bool,
    keys: usize,
    hits: u64,
}

impl Check<'_> {
    /// Counts a key, and looks whether its path may be.
    fn path(&mut self, path: &str) -> Result<(), RefusedVars> {
        self.keys += 1;
        if self.keys > self.limits.keys {
            return Err(RefusedVars::Keys {
                found: self.keys,
                limit: self.limits.keys,
            });
        }
        length(path, "all", path, self.limits.path)?;
        let parts = path.split('.').count();
        if parts > self.limits.depth {
            return Err(RefusedVars::Depth {
                path: begin(path),
                found: parts,
                limit: self.limits.depth,
            });
        }
        path.split('.').try_for_each(|part| self.part(path, part))
    }

    fn part(&self, path: &str, part: &str) -> Result<(), RefusedVars> {
        length(path, "one part", part, self.limits.part)?;
        let need = if part.is_empty() {
            "write names with single dots between them"
        } else if part.starts_with('$') {
            "names do not begin with `$`"
        } else if part.contains('\0') {
            "names have no zero character"
        } else {
            return Ok(());
        };
        Err(RefusedVars::Part {
            path: begin(path),
            part: part.escape_debug().to_string(),
            need,
        })
    }

    /// What is merged is keys down to the values that are no objects.
    fn merge(&mut self, above: &str, values: &Map<String, Value>) -> Result<(), RefusedVars> {
        for (key, value) in values {
            // A key with a dot stays one key: its parts could not be reached by a path.
            if key.contains('.') {
                return Err(RefusedVars::Part {
                    path: begin(above),
                    part: begin(key),
                    need: "nest objects in place of dots in names",
                });
            }
            let path = below(above, key);
            self.path(&path)?;
            match value {
                Value::Object(inner) => self.merge(&path, inner)?,
                _ => self.value(&path, value)?,
            }
        }
        Ok(())
    }

    fn value(&mut self, path: &str, value: &Value) -> Result<(), RefusedVars> {
        let bytes = value.to_string().len();
        if bytes > self.limits.value {
            return Err(RefusedVars::Value {
                path: path.to_owned(),
                bytes,
                limit: self.limits.value,
            });
        }
        self.look(path, value)
    }

    /// Looks for secrets, in nested values too, whose keys count.
    fn look(&mut self, path: &str, value: &Value) -> Result<(), RefusedVars> {
        match value {
            Value::String(text) if self.detector.is_sensitive(text) => {
                self.hits += 1;
                if self.block {
                    return Err(RefusedVars::Secret {
                        path: path.to_owned(),
                    });
                }
            }
            Value::Array(values) => {
                for value in values {
                    self.look(path, value)?;
                }
            }
            Value::Object(values) => {
                for (key, value) in values {
                    let path = below(path, key);
                    self.path(&path)?;
                    self.look(&path, value)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        Ok(())
    }
}

fn length(path: &str, what: &'static str, text: &str, limit: usize) -> Result<(), RefusedVars> {
    let found = text.chars().count();
    if found <= limit {
        return Ok(());
    }
    Err(RefusedVars::Length {
        path: begin(path),
        what,
        found,
        limit,
    })
}

fn below(above: &str, key: &str) -> String {
    if above.is_empty() {
        key.to_owned()
    } else {
        format!("{above}.{key}")
    }
}

/// The beginning of a name that may be of any length.
fn begin(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::DefaultDetector;
    use super::*;

    fn refused(ops: Value) -> Result<u64, RefusedVars> {
        let ops: Vec<VarsOp> = serde_json::from_value(ops).unwrap();
        check(&ops, &VarsLimits::default(), &DefaultDetector, false)
    }

    fn set(path: &str) -> Result<u64, RefusedVars> {
        refused(json!([{ "set": { path: 1 } }]))
    }

    #[test]
    fn changes_within_the_limits_pass() {
        let many: Map<_, _> = (0..256).map(|n| (format!("k{n}"), json!(n))).collect();
        let ops = json!([{ "set": many }, { "incr": { "key": "a.b", "by": 1 } }, { "unset": ["a.b"] },
            { "merge": { "a": { "b": [1, { "c": "x" }] } } }]);
        assert_eq!(refused(ops), Ok(0));
        assert_eq!(set(&vec!["a"; 14].join(".")), Ok(0));
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let many: Map<_, _> = (0..257).map(|n| (format!("k{n}"), json!(n))).collect();
        let keys = refused(json!([{ "set": many }]));
        assert!(matches!(keys, Err(RefusedVars::Keys { limit: 256, .. })));
        let deep = set(&["a"; 15].join("."));
        assert!(matches!(deep, Err(RefusedVars::Depth { found: 15, .. })));
        let long = set(&["a".repeat(100).as_str(); 6].join("."));
        assert!(matches!(long, Err(RefusedVars::Length { what: "all", .. })));
        let part = set(&"a".repeat(129));
        assert!(matches!(
            part,
            Err(RefusedVars::Length {
                what: "one part",
                ..
            })
        ));
        for path in ["a..b", "$set", "a.$b", "a\0b", ""] {
            assert!(
                matches!(set(path), Err(RefusedVars::Part { .. })),
                "{path:?}"
            );
        }
        let value = refused(json!([{ "merge": { "a": { "b": "x".repeat(65_536) } } }]));
        assert!(matches!(value, Err(RefusedVars::Value { path, .. }) if path == "a.b"));
    }
}
