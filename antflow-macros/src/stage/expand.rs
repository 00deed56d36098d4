use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Token, Visibility};

use super::args::StageArgs;
use super::impls::StageImpl;
use super::list;
use crate::errors::{Errors, guard};
use crate::handle::{Handle, scope};
use crate::signature::{Function, Shape, crate_at};

/// Expands `#[stage(args)] item`.
pub(crate) fn expand(args: TokenStream, item: &TokenStream) -> TokenStream {
    guard(item, || {
        let mut errors = Errors::default();
        let args = StageArgs::parse(args, &mut errors);
        if is_struct(item) {
            list::expand(&args, item, errors)
        } else {
            function(&args, item, errors)
        }
    })
}

fn is_struct(item: &TokenStream) -> bool {
    let parser = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let found = input.peek(Token![struct]);
        input.parse::<TokenStream>()?;
        Ok(found)
    };
    parser.parse2(item.clone()).unwrap_or(false)
}

fn function(args: &StageArgs, item: &TokenStream, mut errors: Errors) -> TokenStream {
    let Some(function) = Function::read(item, "stage", &mut errors) else {
        return quote!(#item #errors);
    };
    let shape = Shape::of(&function.sig, "stage", &mut errors);
    let retry_if = args.hooks.retry_if.as_ref();
    let retry_if = shape
        .as_ref()
        .and_then(|shape| shape.retry_if(retry_if, "stage", &mut errors));
    let krate = &args.krate;
    let handle = Handle::new(krate, &function, shape.as_ref());
    let task_name = handle.name.unraw().to_string();
    let task_config = quote!(#krate::TaskConfig::new(#task_name));
    let items = handle.items(&function, "stage", &args.written, &errors);
    let task = handle.impls("stage", &task_config, retry_if, &errors);
    let stage = impl_stage(args, &handle);
    let import = &args.import;
    let item = function.emitted(item);
    let scope = scope(&function.attrs, &quote!(#import #task #stage));
    quote!(#item #items #scope)
}

/// The impls that make a task a stage.
pub(super) fn impl_stage(args: &StageArgs, handle: &Handle<'_>) -> TokenStream {
    let krate = &args.krate;
    let tasks = match handle.shape {
        Some(shape) if args.retry.is_some() => {
            let at = shape.item.ends.start;
            let krate = crate_at(krate, at);
            quote_spanned!(at=> #krate::__private::tasks_retried(self))
        }
        _ => quote!(#krate::__private::tasks(self)),
    };
    StageImpl {
        args,
        target: handle.target(),
        state_predicates: handle.state_predicates(),
        tasks,
        task_names: handle.shape.map(|_| {
            let name = handle.name.unraw().to_string();
            quote!(#name)
        }),
        lists_tasks: false,
    }
    .expand()
}
