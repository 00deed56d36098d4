//! The expansions name everything in full.
#![no_implicit_prelude]
#![deny(warnings)]

extern crate std;

use ::antflow::{Route, State, TaskContext, pipeline, stage, task};
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

fn trimmed() -> pass<usize> {
    ::std::default::Default::default()
}

#[derive(Route)]
enum Sort<T> {
    Plain(T),
    Rest(T, u8),
    None,
}

#[stage]
async fn sort(number: usize) -> Sort<usize> {
    Sort::Plain(number)
}

#[stage]
async fn rest(number: usize, _more: u8) -> usize {
    number
}

#[stage]
async fn none(_: ()) -> usize {
    0
}

#[stage]
async fn all(numbers: ::std::vec::Vec<usize>) -> ::std::vec::Vec<usize> {
    numbers
}

fn is_some(number: &usize) -> bool {
    *number > 0
}

pipeline! {
    Sorted: String => ::std::option::Option<usize> =
        trim >> Measure >> filter(is_some) >> sort >> { Plain => pass::<usize>, Rest => rest, None => none }
            >> pass::<usize>.named("Rest of it") >> batch(5, "1s") >> all;
}

fn main() {
    ::std::assert!(Sorted::new().validate().is_ok());
    let _ = pipeline!(
        trim >> Measure >> flat_map(|number| 0..number) >> (save & sort >> { Plain => pass::<usize>, Rest => rest, None => none })
    );
    let _ = pipeline!(trim >> Measure >> broadcast([trimmed(), trimmed()]));
    let etl = pipeline!(trim.workers(3) >> Measure >> pass::<usize> >> save).with_state(10_usize);
    ::std::assert!(etl.validate().is_ok());
}
