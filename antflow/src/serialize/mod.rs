//! What is written of events, numbers, errors and results, where the fields of a type alone do not say it.
//!
//! Types that are written as their fields derive `Serialize` where they are defined. Here are those that are written with
//! figures that their methods give, in other words, or as something else than a struct. Each takes itself apart, so that
//! a new field is not forgotten.

mod event;
mod item;
mod stage;
mod worker;

use std::time::{Duration, SystemTime};

use serde::Serializer;

/// Writes a struct of these fields: variables that hold references, or names with their values.
macro_rules! fields {
    (@ $name:ident) => { $name };
    (@ $name:ident $value:expr) => { &$value };
    ($serializer:ident, $type:ident { $($name:ident $(: $value:expr)?),+ $(,)? }) => {{
        let names = [$(stringify!($name)),+];
        let mut fields = $serializer.serialize_struct(stringify!($type), names.len())?;
        $(fields.serialize_field(stringify!($name), fields!(@ $name $($value)?))?;)+
        fields.end()
    }};
}
use fields;

/// Writes a duration in seconds.
pub(crate) fn duration<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// Writes a moment in seconds since the Unix epoch.
pub(crate) fn timestamp<S: Serializer>(
    time: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(unix_seconds(*time))
}

/// Seconds since the Unix epoch; less than 0 before it.
fn unix_seconds(time: SystemTime) -> f64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(error) => -error.duration().as_secs_f64(),
    }
}
