use proc_macro2::TokenStream;
use quote::quote;

use super::args::TaskArgs;
use crate::errors::{Errors, guard};
use crate::handle::{Handle, scope};
use crate::signature::{Function, Shape};

/// Expands `#[task(args)] item`.
pub(crate) fn expand(args: TokenStream, item: &TokenStream) -> TokenStream {
    guard(item, || {
        let mut errors = Errors::default();
        let args = TaskArgs::parse(args, &mut errors);
        let Some(function) = Function::read(item, "task", &mut errors) else {
            return quote!(#item #errors);
        };
        let shape = Shape::of(&function.sig, "task", &mut errors);
        let retry_if = args.retry_if.as_ref();
        let retry_if = shape
            .as_ref()
            .and_then(|shape| shape.retry_if(retry_if, "task", &mut errors));
        let handle = Handle::new(&args.krate, &function, shape.as_ref());
        let config = args.config(handle.name);
        let items = handle.items(&function, "task", &args.written, &errors);
        let impls = handle.impls("task", &config, retry_if, &errors);
        let listed = handle.impl_listed(&args.task_name(handle.name));
        let import = &args.import;
        let item = function.emitted(item);
        let scope = scope(&function.attrs, &quote!(#import #impls #listed));
        quote!(#item #items #scope)
    })
}
