use proc_macro2::TokenStream;
use quote::quote;

use super::args::TaskArgs;
use crate::errors::{Errors, guard};
use crate::handle::{Handle, scope};
use crate::signature::{Function, Shape};

/// Expands `#[task(args)] item`.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    guard(&item.clone(), || {
        let mut errors = Errors::default();
        let args = TaskArgs::parse(args, &mut errors);
        let Some(function) = Function::read(&item, "task", &mut errors) else {
            return quote!(#item #errors);
        };
        let shape = Shape::of(&function.sig, "task", &mut errors);
        if let Some(shape) = &shape {
            shape.check_retry_if(args.retry_if.as_ref(), "task", &mut errors);
        }
        let handle = Handle::new(&args.krate, &function, shape.as_ref());
        let config = args.config(handle.name);
        let items = handle.items(&function, "task", &errors);
        let impls = handle.impls("task", &config, args.retry_if.as_ref(), &errors);
        let scope = scope(&function.attrs, &impls);
        quote!(#item #items #scope)
    })
}
