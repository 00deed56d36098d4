use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{GenericArgument, Path, PathArguments, Type};

use super::{Handle, declare};
use crate::errors::Errors;
use crate::signature::{Ends, Output, crate_at, respanned};

impl Handle<'_> {
    /// `Signature` and `Accepts`.
    ///
    /// Without a meaning, the input is the type of an expression that does not compile: the errors. The compiler then
    /// says nothing about uses of the type, so that one mistake gives one error.
    pub(super) fn impl_signature(&self, errors: &Errors) -> TokenStream {
        let krate = self.krate;
        let target = self.target();
        let own_input = quote!(<Self as #krate::Signature>::Input);
        let (input, output, accepts) = match self.shape {
            None => {
                let input = quote!(<[(); { #errors }] as #krate::Signature>::Input);
                let ty = target.ty();
                let head = quote!(#krate::Accepts<<#ty as #krate::Signature>::Input>);
                let accepts = target.implement(&head, &TokenStream::new());
                (input, own_input, accepts)
            }
            Some(shape) => {
                let item = &shape.item.ty;
                let accepts = target.implement_at(shape.item.ends, &quote!(#krate::Accepts<#item>));
                (item.clone(), output(&shape.output, krate), accepts)
            }
        };
        let types = self.type_items(&input, &output);
        let signature = target.implement(&quote!(#krate::Signature), &types);
        let generic =
            (!self.params.is_empty()).then(|| declare::impls_of_generic(self.name, &self.params));
        quote!(#generic #signature #accepts)
    }

    /// The types at both ends, each where the user wrote it: there the compiler says that it is more private than the
    /// function.
    fn type_items(&self, input: &TokenStream, output: &TokenStream) -> TokenStream {
        let Some(shape) = self.shape else {
            return quote!(type Input = #input; type Output = #output;);
        };
        let taken = shape.item.ends.start;
        let given = shape
            .output
            .ty()
            .map_or_else(|| self.name.span(), |ty| Ends::of(ty).start);
        let input = quote_spanned!(taken=> type Input = #input;);
        let output = quote_spanned!(given=> type Output = #output;);
        quote!(#input #output)
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
        let at = Ends::of(ty).start;
        let krate = crate_at(krate, at);
        let check = quote_spanned! {at=>
            #[allow(unused_imports)]
            use #krate::__private::IsNoResult as _;
            ::core::assert!(!#krate::__private::IsResult::<#ty>::VALUE, #message);
        };
        quote!(const _: () = { #check };)
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
    let krate = crate_at(krate, written.end);
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
