//! The user's items may have the names that the expansions use.
#![allow(dead_code, non_camel_case_types)]

use antflow::{Route, TaskContext, pipeline, stage, task};

struct Result;
struct Option;
struct Vec;
struct Box;
struct String;
struct Send;
struct Sync;
struct Future;
struct Signature;
struct Stage;
struct Hooks;
struct St;
struct Ok;
struct Err;
struct Default;
struct Clone;
struct core;

fn input() {}
fn cx() {}
fn state() {}

mod std {}
mod alloc {}

#[stage(skip_if = value, on_success = output)]
async fn state_of(text: Vec) -> Vec {
    text
}

fn value(_: &Vec) -> bool {
    false
}

async fn output(_: &TaskContext, _: &Vec) {}

#[task]
async fn first(_: &Vec) -> St {
    St
}

#[task]
async fn second(_: St) -> Option {
    Option
}

#[stage(retry = "per_stage")]
struct List(first, second);

#[stage]
async fn item_of(item: Option) -> Box {
    let _ = item;
    Box
}

struct PhantomData;
struct FnOnce;
struct Collected;
struct Pipeline;

#[derive(Route)]
enum Routes {
    Some(Option),
    None,
}

#[stage]
async fn start(item: Option) -> Routes {
    let _ = item;
    Routes::None
}

#[stage]
async fn chain(_: ()) -> Box {
    Box
}

fn main() {
    let _ = pipeline!(state_of.workers(2) >> List >> item_of);
    let _ = pipeline!(state_of >> List >> filter(|_| true) >> start >> { Some => item_of, None => chain });
}
