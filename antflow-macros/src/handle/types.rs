use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{GenericArgument, Path, PathArguments, Type};

use super::{Handle, declare};
use crate::errors::Errors;
use crate::signature::{Ends, Output, respanned};

impl Handle<'_> {
    /// `Signature` and `Accepts`.
    ///
    /// Without a meaning, the input is the type of an expression that does not compile: the errors. The compiler then
    /// says nothing about uses of the type, so that one mistake gives one error.
    pub(super) fn impl_signature(&self, errors: &Errors) -> TokenStream {
        let krate = self.krate;
        let name = self.name;
        let applied = &self.params.applied;
        let generics = self.params.declared_with(&TokenStream::new());
        let clause = self.params.clause(&TokenStream::new());
        let (input, output, accepts) = match self.shape {
            None => {
                let input = quote!(<[(); { #errors }] as #krate::Signature>::Input);
                let own = quote!(<Self as #krate::Signature>::Input);
                let accepts = quote! {
                    impl #generics #krate::Accepts<<#name #applied as #krate::Signature>::Input>
                        for #name #applied {}
                };
                (input, own, accepts)
            }
            Some(shape) => {
                let item = &shape.item.ty;
                let head =
                    quote_spanned!(shape.item.ends.start=> #krate::Accepts<#item>);
                let header = shape.item.ends.impl_header(&generics, &head, name, applied);
                (
                    item.clone(),
                    output(&shape.output, krate),
                    quote!(#header #clause {}),
                )
            }
        };
        let generic =
            (!self.params.is_empty()).then(|| declare::impls_of_generic(name, &self.params));
        quote! {
            #generic
            impl #generics #krate::Signature for #name #applied #clause {
                type Input = #input;
                type Output = #output;
            }
            #accepts
        }
    }

    /// The error type of the task.
    pub(super) fn error(&self) -> TokenStream {
        match self.shape.map(|shape| &shape.output) {
            Some(Output::Result(ty)) => {
                let written = error_of(ty).map_or_else(|| Ends::of(ty), Ends::of);
                projection(ty, self.krate, &quote!(Err), written)
            }
            _ => quote!(::core::convert::Infallible),
        }
    }

    /// A check that a return type which is not named `Result` is none. Not possible where it depends on parameters.
    pub(super) fn check_alias(&self, noun: &str) -> TokenStream {
        let Some(Output::Plain(ty)) = self.shape.map(|shape| &shape.output) else {
            return TokenStream::new();
        };
        if !self.params.is_empty() {
            return TokenStream::new();
        }
        let krate = self.krate;
        let name = self.name;
        let message = format!(
            "{noun} `{name}` returns a `Result` under another name; write the return type as `Result<..>`"
        );
        quote_spanned! {Ends::of(ty).start=>
            const _: () = {
                #[allow(unused_imports)]
                use #krate::__private::IsNoResult as _;
                ::core::assert!(!#krate::__private::IsResult::<#ty>::VALUE, #message);
            };
        }
    }
}

fn output(output: &Output, krate: &Path) -> TokenStream {
    match output {
        Output::Result(ty) => projection(ty, krate, &quote!(Ok), Ends::of(ty)),
        other => quote!(#other),
    }
}

/// `<Type as Fallible>::Ok`, underlined as `written`.
fn projection(ty: &Type, krate: &Path, part: &TokenStream, written: Ends) -> TokenStream {
    let start = quote_spanned!(written.start=> <);
    let end = quote_spanned!(written.end=> as #krate::__private::Fallible>::);
    let part = respanned(part, written.end);
    quote!(#start #ty #end #part)
}

/// The second type argument of a `Result`.
fn error_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    match (arguments.args.len(), arguments.args.last()) {
        (2, Some(GenericArgument::Type(error))) => Some(error),
        _ => None,
    }
}
