//! `#[cfg]` and `#[deprecated]` hold for the stage as for the function, whichever attribute comes first.
#![deny(warnings)]

use antflow::{pipeline, stage, task};

#[cfg(any())]
#[stage]
async fn first(absent: Absent) -> Absent {
    absent
}

#[stage]
#[cfg(any())]
async fn second(absent: Absent) -> Absent {
    absent
}

#[task]
#[cfg(any())]
async fn third(absent: Absent) -> Absent {
    absent
}

#[stage]
#[cfg(any())]
struct Fourth(third);

/// Doubles.
///
/// ```compile_fail
/// An example is not tested twice.
/// ```
#[stage]
#[deprecated = "use `triple`"]
async fn double(number: u32) -> u32 {
    number * 2
}

#[stage]
#[must_use]
#[inline]
async fn r#move(number: u32) -> u32 {
    number
}

/// Lists.
#[stage]
#[derive(PartialEq)]
#[allow(dead_code)]
struct Listed(one);

#[task]
async fn one(number: u32) -> u32 {
    number
}

#[allow(deprecated)]
fn main() {
    let etl = pipeline!(double >> r#move >> Listed);
    assert_eq!(etl.stage_names(), ["Double", "Move", "Listed"]);
}
