//! What keys mean to each other.

use crate::args::{Args, Time};
use crate::errors::Errors;

/// Keys that say how to retry.
const OF_RETRY: &[&str] = &[
    "attempts", "wait", "backoff", "max_wait", "jitter", "retry_if", "on_wait",
];

pub(super) fn check(args: &Args, errors: &mut Errors) {
    if args.key("retry").is_none()
        && let Some(key) = args
            .first_of(OF_RETRY)
            .filter(|key| args.is_on(&key.to_string()))
    {
        errors.at(
            key,
            format!("`{key}` needs `retry`: without it there is one attempt; add `retry = \"per_task\"` or `retry = \"per_stage\"`"),
        );
    } else {
        needs(
            args,
            "max_wait",
            "backoff",
            "it bounds a growing wait; add `backoff = \"exponential\"`",
            errors,
        );
    }
    needs(
        args,
        "on_skip",
        "skip_if",
        "without it no item is skipped",
        errors,
    );
}

fn needs(args: &Args, name: &str, other: &str, reason: &str, errors: &mut Errors) {
    if let Some(key) = args.key(name)
        && args.key(other).is_none()
    {
        errors.at(key, format!("`{name}` needs `{other}`: {reason}"));
    }
}

pub(super) fn check_waits(
    args: &Args,
    wait: Option<&Time>,
    max_wait: Option<&Time>,
    errors: &mut Errors,
) {
    let length = |time: Option<&Time>| time.and_then(|time| time.length);
    if let (Some(wait), Some(max_wait)) = (length(wait), length(max_wait))
        && max_wait < wait
        && let Some(key) = args.key("max_wait")
    {
        errors.at(key, "`max_wait` is shorter than `wait`, the first wait");
    }
}
