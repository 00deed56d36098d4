//! The macros of [antflow](https://docs.rs/antflow): [`macro@stage`], [`macro@task`],
//! [`pipeline!`] and [`derive@Route`].
//!
//! Use them through `antflow`, to which their expansions refer. Each macro goes through the same phases: its arguments
//! are read and checked (`args`), the signature of the function is read (`signature`), code is written (`handle` for
//! the type beside a function, `expand`). Every mistake that can be seen is reported, not only the first.

mod args;
mod errors;
mod handle;
mod pipeline;
mod route;
mod signature;
mod stage;
mod task;
#[cfg(test)]
mod testing;

use proc_macro::TokenStream;

#[doc = include_str!("../docs/stage.md")]
#[proc_macro_attribute]
pub fn stage(args: TokenStream, item: TokenStream) -> TokenStream {
    stage::expand(args.into(), &item.into()).into()
}

#[doc = include_str!("../docs/task.md")]
#[proc_macro_attribute]
pub fn task(args: TokenStream, item: TokenStream) -> TokenStream {
    task::expand(args.into(), &item.into()).into()
}

#[doc = include_str!("../docs/pipeline.md")]
#[proc_macro]
pub fn pipeline(input: TokenStream) -> TokenStream {
    pipeline::expand(input.into()).into()
}

#[doc = include_str!("../docs/route.md")]
#[proc_macro_derive(Route, attributes(route))]
pub fn route(item: TokenStream) -> TokenStream {
    route::expand(item.into()).into()
}
