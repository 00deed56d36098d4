use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{GenericArgument, PathArguments, Type};

use super::Handle;
use crate::signature::{Ends, Output, crate_at, respanned};

impl Handle<'_> {
    /// `<Type as Fallible>::Ok`, underlined as `written`.
    pub(super) fn projection(&self, ty: &Type, part: &TokenStream, written: Ends) -> TokenStream {
        let start = quote_spanned!(written.start=> <);
        let krate = crate_at(self.krate, written.end);
        let end = quote_spanned!(written.end=> as #krate::__private::Fallible>::);
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
