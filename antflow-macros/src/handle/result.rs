use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{GenericArgument, PathArguments, Type};

use super::Handle;
use crate::signature::{Ends, Output, crate_at, respanned};

impl Handle<'_> {
    /// The answer to whether what the function returns is a `Result`, if it has the name.
    ///
    /// Either it is, or that is an error, after which the compiler says nothing about parts that it does not have. Not
    /// possible where it depends on parameters.
    pub(super) fn answer(&self) -> TokenStream {
        let Some(ty) = self.asked() else {
            return TokenStream::new();
        };
        let written = Ends::of(ty);
        let start = quote_spanned!(written.start=> <);
        let krate = crate_at(self.krate, written.end);
        let answer = quote_spanned!(written.end=> as #krate::__private::Fallible>::ANSWER);
        let body = quote!(const ANSWER: bool = #start #ty #answer;);
        let answer = self.target().implement(&quote!(__Answer), &body);
        quote! {
            trait __Answer {
                const ANSWER: bool;
            }
            #answer
        }
    }

    /// The type that the function returns under the name `Result`, if it is known.
    fn asked(&self) -> Option<&Type> {
        match self.shape.map(|shape| &shape.output) {
            Some(Output::Result(ty)) if self.params.is_empty() => Some(ty),
            _ => None,
        }
    }

    /// `Fallible`, with the answer.
    pub(super) fn fallible(&self, at: Span) -> TokenStream {
        let krate = crate_at(self.krate, at);
        let name = self.name;
        let answer = self
            .asked()
            .map(|_| respanned(&quote!(<{ <#name as __Answer>::ANSWER }>), at));
        quote_spanned!(at=> #krate::__private::Fallible #answer)
    }

    /// `<Type as Fallible>::Ok`, underlined as `written`.
    pub(super) fn projection(&self, ty: &Type, part: &TokenStream, written: Ends) -> TokenStream {
        let start = quote_spanned!(written.start=> <);
        let fallible = self.fallible(written.end);
        let end = quote_spanned!(written.end=> as #fallible>::);
        let part = respanned(part, written.end);
        quote!(#start #ty #end #part)
    }

    /// The error type of the task.
    pub(super) fn error(&self) -> TokenStream {
        match self.shape.map(|shape| &shape.output) {
            Some(Output::Result(ty)) => {
                let written = error_of(ty).map_or_else(|| Ends::of(ty), Ends::of);
                self.projection(ty, &quote!(Err), written)
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
        let handle = self.target().ty();
        let message = format!(
            "{noun} `{name}` returns a `Result` under another name; write the return type as `Result<..>`"
        );
        let at = Ends::of(ty).start;
        let krate = crate_at(krate, at);
        let check = quote_spanned! {at=>
            #[allow(unused_imports)]
            use #krate::__private::IsNoResult as _;
            ::core::assert!(
                !#krate::__private::IsResult::<<#handle as #krate::Signature>::Output>::VALUE,
                #message
            );
        };
        quote!(const _: () = { #check };)
    }
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
