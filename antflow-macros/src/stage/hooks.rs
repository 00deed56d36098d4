//! The functions beside the tasks: `skip_if`, `on_success`, `key` and their like.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ExprPath, Path};

use super::args::HookArgs;
use crate::signature::{Ends, crate_at};

/// The methods of `Hooks` that the keys ask for; none without any.
pub(super) fn methods(hooks: &HookArgs, krate: &Path, lists_tasks: bool) -> Option<TokenStream> {
    let skip = hooks.skip_if.as_ref().map(|path| skip(path, krate));
    let retry_if = hooks
        .retry_if
        .as_ref()
        .filter(|_| lists_tasks)
        .map(retry_if);
    let output = quote!(<Self as #krate::Signature>::Output);
    let error = quote!(#krate::ItemError);
    let observed = [
        ("on_success", &hooks.on_success, &output),
        ("on_failure", &hooks.on_failure, &error),
        ("on_skip", &hooks.on_skip, &output),
    ];
    let observed = observed.iter().filter_map(|(method, path, ty)| {
        path.as_ref().map(|path| observe(method, path, ty, krate))
    });
    let key = hooks.key.as_ref().map(|path| key(path, krate));
    let methods = skip.into_iter().chain(retry_if).chain(observed);
    let methods: TokenStream = methods.chain(key).collect();
    (!methods.is_empty()).then_some(methods)
}

fn skip(path: &ExprPath, krate: &Path) -> TokenStream {
    let at = Ends::of(path).start;
    let input = Ident::new("__input", at);
    let settled = settled(&quote_spanned!(at=> #path(&#input)), krate, at);
    let krate_here = crate_at(krate, at);
    let passed = quote_spanned! {at=>
        #krate_here::__private::PassedOn::<<Self as #krate::Signature>::Output>::passed_on(#input)
    };
    let yes = quote_spanned!(at=> #krate_here::__private::Answer::answer(__settled));
    quote! {
        fn skip(
            &self,
            _: &#krate::TaskContext,
            #input: <Self as #krate::Signature>::Input,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                <Self as #krate::Signature>::Output,
                <Self as #krate::Signature>::Input,
            >,
        > + ::core::marker::Send {
            async move {
                #settled
                if #yes {
                    ::core::result::Result::Ok(#passed)
                } else {
                    ::core::result::Result::Err(#input)
                }
            }
        }
    }
}

fn observe(method: &str, path: &ExprPath, ty: &TokenStream, krate: &Path) -> TokenStream {
    let at = Ends::of(path).start;
    let method = quote::format_ident!("{method}");
    let [cx, value] = ["__cx", "__value"].map(|name| Ident::new(name, at));
    let settled = settled(&quote_spanned!(at=> #path(#cx, #value)), krate, at);
    let future = quote_spanned! {at=>
        impl ::core::future::Future<Output = ()> + ::core::marker::Send
    };
    let krate_here = crate_at(krate, at);
    let body = quote_spanned! {at=>
        async move {
            #settled
            #krate_here::__private::Nothing::nothing(__settled)
        }
    };
    quote! {
        fn #method(&self, #cx: &#krate::TaskContext, #value: &#ty) -> #future {
            #body
        }
    }
}

fn key(path: &ExprPath, krate: &Path) -> TokenStream {
    let at = Ends::of(path).start;
    let input = Ident::new("__input", at);
    let krate_here = crate_at(krate, at);
    let hash = quote_spanned!(at=> #krate_here::hash_key(#path(#input)));
    quote! {
        const KEYED: ::core::primitive::bool = true;

        fn key(&self, #input: &<Self as #krate::Signature>::Input) -> ::core::primitive::u64 {
            #hash
        }
    }
}

fn retry_if(path: &ExprPath) -> TokenStream {
    let at = Ends::of(path).start;
    let error = Ident::new("__error", at);
    let call = quote_spanned!(at=> #path(#error));
    quote! {
        fn retry_if(
            &self,
            #error: &(dyn ::core::error::Error + ::core::marker::Send + ::core::marker::Sync + 'static),
        ) -> bool {
            #call
        }
    }
}

/// `let __settled = ..;`: the value of a call that may be plain or async.
fn settled(call: &TokenStream, krate: &Path, at: Span) -> TokenStream {
    let krate = crate_at(krate, at);
    quote_spanned! {at=>
        #[allow(unused_imports)]
        use #krate::__private::{SettleAsync as _, SettlePlain as _};
        let __settled = #krate::__private::Hook::new(#call).settle().await;
    }
}
