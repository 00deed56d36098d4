use proc_macro2::{TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{Type, TypePath};

use super::{Handle, declare};
use crate::errors::Errors;
use crate::signature::{Ends, Output, crate_at};

impl Handle<'_> {
    /// `Signature` and `Accepts`.
    ///
    /// Without a meaning, the input is the type of an expression that does not compile: the errors. The compiler then
    /// says nothing about uses of the type, so that one mistake gives one error.
    pub(super) fn impl_signature(&self, errors: &Errors) -> TokenStream {
        let krate = self.krate;
        let target = self.target();
        let ty = target.ty();
        let taken = quote!(<#ty as #krate::Signature>::Input);
        let head = quote!(#krate::Accepts<#taken>);
        let (input, output, accepts) = match self.shape {
            None => (
                quote!(<[(); { #errors }] as #krate::Signature>::Input),
                taken,
                target.implement(&head, &TokenStream::new()),
            ),
            Some(shape) => (
                self.as_in_signature(&shape.item.ty),
                self.output(&shape.output),
                target.implement_at(shape.item.ends, &head),
            ),
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

    fn output(&self, output: &Output) -> TokenStream {
        match output {
            Output::Unit => quote!(()),
            Output::Plain(ty) => self.as_in_signature(ty),
            Output::Result(ty) => self.projection(ty, &quote!(Ok), Ends::of(ty)),
        }
    }

    /// A type of the signature, such that the compiler says the same here and there if it does not exist: then that is
    /// one error.
    ///
    /// It proposes to make a name a parameter where that is an argument of another type, and in signatures also a name
    /// of one capital letter.
    fn as_in_signature(&self, ty: &Type) -> TokenStream {
        let krate = self.krate;
        match ty {
            Type::Slice(slice) => {
                let at = slice.bracket_token.span.join();
                let krate = crate_at(krate, at);
                let element = self.as_in_signature(&slice.elem);
                quote_spanned!(at=> <[#element] as #krate::__private::Slice>::Vec)
            }
            Type::Array(array) => {
                let at = array.bracket_token.span.join();
                let (element, length) = (self.as_in_signature(&array.elem), &array.len);
                quote_spanned!(at=> [#element; #length])
            }
            Type::Tuple(tuple) => {
                let at = tuple.paren_token.span.join();
                let parts = tuple.elems.iter().map(|part| self.as_in_signature(part));
                quote_spanned!(at=> (#(#parts,)*))
            }
            Type::Path(path) if self.is_letter(path) => {
                let at = Ends::of(path).start;
                let krate = crate_at(krate, at);
                quote_spanned!(at=> #krate::__private::Same<#path>)
            }
            _ => quote!(#ty),
        }
    }

    /// Whether a type is named by one capital letter, and is no parameter.
    fn is_letter(&self, path: &TypePath) -> bool {
        path.path.get_ident().is_some_and(|name| {
            let text = name.to_string();
            let mut params = self.params.bare.clone().into_iter();
            let is_param =
                params.any(|token| matches!(token, TokenTree::Ident(param) if param == *name));
            text.len() == 1 && text.starts_with(char::is_uppercase) && !is_param
        })
    }
}
