//! Variables of a run, which coordinator functions change.
//!
//! A path such as `limits.daily` names a value in nested objects. Changes are made in the transaction that ends the
//! node of the function: once, whatever is repeated. Coordinators [`check`] them before: sizes, names, secrets.

mod limits;
mod sensitive;

pub use limits::{RefusedVars, VarsLimits, check};
pub use sensitive::{DefaultDetector, Sensitive};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// One change of variables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VarsOp {
    /// Sets values, by path.
    Set(Map<String, Value>),
    /// Merges objects deeply; what is no object is replaced.
    Merge(Map<String, Value>),
    /// Adds to a number, which starts at 0.
    Incr {
        /// The path.
        key: String,
        /// How much; may be negative.
        by: Number,
    },
    /// Removes values, by path, and objects that are left empty by it. What is not there is no mistake.
    Unset(Vec<String>),
}

/// Why variables were not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VarsError {
    /// A path has an empty part.
    #[error("the path `{0}` has an empty part: write names with single dots between them")]
    Path(String),
    /// A path leads through a value that is no object, or adds to one that is no number.
    #[error("the value at `{at}` is no {expected}")]
    Kind {
        /// Where.
        at: String,
        /// What it should be: `object`, `number`.
        expected: &'static str,
    },
    /// A sum is no finite number.
    #[error("the sum at `{0}` is no finite number")]
    Overflow(String),
}

/// Makes changes, one after the other.
///
/// # Errors
/// The first change that cannot be made. The variables may have changed by then: change a copy.
pub fn apply(vars: &mut Map<String, Value>, ops: &[VarsOp]) -> Result<(), VarsError> {
    for op in ops {
        match op {
            VarsOp::Set(values) => {
                for (path, value) in values {
                    set(vars, path, value.clone())?;
                }
            }
            VarsOp::Merge(values) => merge(vars, values),
            VarsOp::Incr { key, by } => incr(vars, key, by)?,
            VarsOp::Unset(paths) => {
                for path in paths {
                    unset(vars, &parts(path)?);
                }
            }
        }
    }
    Ok(())
}

fn parts(path: &str) -> Result<Vec<&str>, VarsError> {
    let parts: Vec<_> = path.split('.').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(VarsError::Path(path.to_owned()));
    }
    Ok(parts)
}

/// The object that holds the last part of a path, made where it is missing, and that part.
fn holder<'v, 'p>(
    vars: &'v mut Map<String, Value>,
    path: &'p str,
) -> Result<(&'v mut Map<String, Value>, &'p str), VarsError> {
    let parts = parts(path)?;
    let (last, above) = parts
        .split_last()
        .ok_or_else(|| VarsError::Path(path.to_owned()))?;
    let mut object = vars;
    for part in above {
        let next = object
            .entry(*part)
            .or_insert_with(|| Value::Object(Map::new()));
        object = next.as_object_mut().ok_or_else(|| VarsError::Kind {
            at: path.to_owned(),
            expected: "object",
        })?;
    }
    Ok((object, last))
}

fn set(vars: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), VarsError> {
    let (object, last) = holder(vars, path)?;
    object.insert(last.to_owned(), value);
    Ok(())
}

fn merge(into: &mut Map<String, Value>, values: &Map<String, Value>) {
    for (key, value) in values {
        match (into.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(values)) => merge(inner, values),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

fn incr(vars: &mut Map<String, Value>, path: &str, by: &Number) -> Result<(), VarsError> {
    let (object, last) = holder(vars, path)?;
    let sum = match object.get(last) {
        None => by.clone(),
        Some(Value::Number(number)) => {
            sum(number, by).ok_or_else(|| VarsError::Overflow(path.to_owned()))?
        }
        Some(_) => {
            return Err(VarsError::Kind {
                at: path.to_owned(),
                expected: "number",
            });
        }
    };
    object.insert(last.to_owned(), Value::Number(sum));
    Ok(())
}

/// Whole numbers stay whole as long as they fit.
fn sum(a: &Number, b: &Number) -> Option<Number> {
    let whole = a.as_i64().zip(b.as_i64());
    if let Some(sum) = whole.and_then(|(a, b)| a.checked_add(b)) {
        return Some(sum.into());
    }
    Number::from_f64(a.as_f64()? + b.as_f64()?)
}

fn unset(object: &mut Map<String, Value>, parts: &[&str]) {
    let Some((first, rest)) = parts.split_first() else {
        return;
    };
    if rest.is_empty() {
        object.remove(*first);
    } else if let Some(Value::Object(inner)) = object.get_mut(*first) {
        let had = !inner.is_empty();
        unset(inner, rest);
        if had && inner.is_empty() {
            object.remove(*first);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    fn after(vars: Value, op: VarsOp) -> Result<Value, VarsError> {
        let mut vars = map(vars);
        apply(&mut vars, &[op]).map(|()| Value::Object(vars))
    }

    #[test]
    fn values_are_set_merged_and_removed_by_path() {
        let set = VarsOp::Set(map(json!({ "a.b": 1, "c": { "d": 2 } })));
        assert_eq!(
            after(json!({}), set).unwrap(),
            json!({ "a": { "b": 1 }, "c": { "d": 2 } })
        );
        let merge = VarsOp::Merge(map(json!({ "a": { "y": 2 }, "b": 3 })));
        assert_eq!(
            after(json!({ "a": { "x": 1, "y": 1 }, "b": {} }), merge).unwrap(),
            json!({ "a": { "x": 1, "y": 2 }, "b": 3 })
        );
        let unset = VarsOp::Unset(vec!["a.b.c".into(), "none.there".into()]);
        assert_eq!(
            after(json!({ "a": { "b": { "c": 1 } }, "d": 1 }), unset).unwrap(),
            json!({ "d": 1 })
        );
    }

    #[test]
    fn numbers_are_counted_and_stay_whole() {
        let incr = |by: Value| VarsOp::Incr {
            key: "n.m".into(),
            by: serde_json::from_value(by).unwrap(),
        };
        assert_eq!(
            after(json!({}), incr(json!(2))).unwrap(),
            json!({ "n": { "m": 2 } })
        );
        let counted = |from: Value, by| after(json!({ "n": { "m": from } }), incr(by));
        assert_eq!(
            counted(json!(2), json!(-5)).unwrap(),
            json!({ "n": { "m": -3 } })
        );
        assert_eq!(
            counted(json!(1), json!(0.5)).unwrap(),
            json!({ "n": { "m": 1.5 } })
        );
        assert!(matches!(
            counted(json!("x"), json!(1)),
            Err(VarsError::Kind { .. })
        ));
        assert!(matches!(
            counted(json!(1e308), json!(1e308)),
            Err(VarsError::Overflow(_))
        ));
    }

    #[test]
    fn paths_that_lead_nowhere_are_refused() {
        let set = |path: &str| VarsOp::Set([(path.to_owned(), json!(1))].into_iter().collect());
        assert!(matches!(
            after(json!({}), set("a..b")),
            Err(VarsError::Path(_))
        ));
        assert!(matches!(
            after(json!({ "a": 1 }), set("a.b")),
            Err(VarsError::Kind { .. })
        ));
    }
}
