//! The macros of [antflow](https://docs.rs/antflow): `#[stage]`, `#[task]` and `pipeline!`.
//!
//! Use them through `antflow`, which their expansions refer to.

mod args;
mod errors;
mod handle;
mod pipeline;
mod signature;
mod stage;
mod task;

use proc_macro::TokenStream;

/// Makes a stage of an async function, or of a struct that lists tasks.
#[proc_macro_attribute]
pub fn stage(args: TokenStream, item: TokenStream) -> TokenStream {
    stage::expand(args.into(), item.into()).into()
}

/// Makes a task of an async function, for a stage that lists it.
#[proc_macro_attribute]
pub fn task(args: TokenStream, item: TokenStream) -> TokenStream {
    task::expand(args.into(), item.into()).into()
}

/// Wires stages: `pipeline!(fetch >> parse >> save)`.
#[proc_macro]
pub fn pipeline(input: TokenStream) -> TokenStream {
    pipeline::expand(input.into()).into()
}
