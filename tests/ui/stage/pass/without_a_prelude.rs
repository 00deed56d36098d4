//! The expansions name everything in full.
#![no_implicit_prelude]
#![deny(warnings)]

extern crate std;

use ::antflow::{State, TaskContext, pipeline, stage, task};
use ::std::string::String;

#[stage(workers = 2, retry = "per_task", wait = "1ms", timeout = "1s", skip_if = is_empty, on_success = note)]
async fn trim(text: String) -> String {
    text
}

fn is_empty(text: &String) -> bool {
    text.is_empty()
}

fn note(_: &TaskContext, _: &String) {}

#[task(rate = "100/s")]
async fn length(text: &str) -> ::std::result::Result<usize, ::std::io::Error> {
    ::std::result::Result::Ok(text.len())
}

#[stage(retry = "per_stage")]
struct Measure(length);

#[stage]
async fn pass<T: ::std::marker::Send + 'static>(value: T) -> T {
    value
}

#[stage]
async fn save(number: usize, State(limit): State<usize>, cx: &TaskContext) {
    ::std::assert!(number < limit && cx.attempt() == 1);
}

fn main() {
    let etl = pipeline!(trim.workers(3) >> Measure >> pass::<usize> >> save).with_state(10_usize);
    ::std::assert!(etl.validate().is_ok());
}
