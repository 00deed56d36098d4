use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

use super::{FunctionCall, FunctionError, ok};
use crate::cluster::store::Finish;
use crate::cluster::vars::VarsOp;

/// The argument that says whether secrets are blocked.
pub(super) const BLOCK: &str = "block_sensitive";

fn end(op: VarsOp, touched: usize) -> Finish {
    Finish {
        vars: vec![op],
        ..ok(json!({ "touched": touched }))
    }
}

/// What is there under one of these names, which is taken; an object.
fn object(
    args: &mut Map<String, Value>,
    names: &[&str],
) -> Result<Option<Map<String, Value>>, FunctionError> {
    for name in names {
        match args.remove(*name) {
            None => {}
            Some(Value::Object(object)) => return Ok(Some(object)),
            Some(_) => {
                return Err(FunctionError::bad_input(format!(
                    "`{name}` is no object: write the variables by their names"
                )));
            }
        }
    }
    Ok(None)
}

/// `kv`, and the arguments themselves.
pub(super) fn set(call: &FunctionCall) -> Result<Finish, FunctionError> {
    let mut args = call.raw_args();
    args.remove(BLOCK);
    let mut values = object(&mut args, &["kv"])?.unwrap_or_default();
    values.extend(args);
    if values.is_empty() {
        return Err(FunctionError::bad_input(
            "there is nothing to set: write `kv`",
        ));
    }
    let touched = values.len();
    Ok(end(VarsOp::Set(values), touched))
}

/// `data` or `kv`. Nothing to merge is nothing to do.
pub(super) fn merge(call: &FunctionCall) -> Result<Finish, FunctionError> {
    let mut args = call.raw_args();
    args.remove(BLOCK);
    let values = object(&mut args, &["data", "kv"])?.unwrap_or_default();
    if let Some(name) = args.keys().next() {
        return Err(FunctionError::bad_input(format!(
            "unknown argument `{name}`: write `data`"
        )));
    }
    let touched = values.len();
    Ok(end(VarsOp::Merge(values), touched))
}

pub(super) fn incr(call: &FunctionCall) -> Result<Finish, FunctionError> {
    #[derive(Deserialize)]
    struct Args {
        key: String,
        #[serde(default = "one")]
        by: Number,
    }
    let Args { key, by } = call.args()?;
    let result = json!({ "key": key, "by": by });
    Ok(Finish {
        vars: vec![VarsOp::Incr { key, by }],
        ..ok(result)
    })
}

fn one() -> Number {
    1.into()
}

/// `keys`, or `paths`.
pub(super) fn unset(call: &FunctionCall) -> Result<Finish, FunctionError> {
    #[derive(Deserialize)]
    struct Args {
        #[serde(alias = "paths")]
        keys: Vec<String>,
    }
    let Args { keys } = call.args()?;
    let touched = keys.len();
    Ok(end(VarsOp::Unset(keys), touched))
}
