use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use crate::signature::{Ends, Params, respanned};

/// The type that impls are written for.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) params: &'a Params,
}

impl Target<'_> {
    /// `name<T>`
    pub(crate) fn ty(&self) -> TokenStream {
        let (name, applied) = (self.name, &self.params.applied);
        quote!(#name #applied)
    }

    /// `impl<T: Bound> head for name<T> where .. { body }`
    pub(crate) fn implement(&self, head: &TokenStream, body: &TokenStream) -> TokenStream {
        let nothing = TokenStream::new();
        let head = respanned(head, self.name.span());
        self.write(Ends::of(self.name), &head, [&nothing, &nothing], body)
    }

    /// As [`implement`](Self::implement), for every `__State` of a pipeline for which `predicates` hold.
    pub(crate) fn implement_for_state(
        &self,
        head: &TokenStream,
        predicates: &TokenStream,
        body: &TokenStream,
    ) -> TokenStream {
        let predicates = quote! {
            __State: ::core::marker::Send + ::core::marker::Sync + 'static,
            #predicates
        };
        let more = [&quote!(__State), &predicates];
        let head = respanned(head, self.name.span());
        self.write(Ends::of(self.name), &head, more, body)
    }

    /// `impl head for name {}`, where messages about it underline `written`.
    pub(crate) fn implement_at(&self, written: Ends, head: &TokenStream) -> TokenStream {
        let nothing = TokenStream::new();
        self.write(written, head, [&nothing, &nothing], &nothing)
    }

    /// The compiler underlines an impl from `impl` to the type, if both have the user's places and the end has, too.
    fn write(
        &self,
        written: Ends,
        head: &TokenStream,
        [generics, predicates]: [&TokenStream; 2],
        body: &TokenStream,
    ) -> TokenStream {
        let generics = self.params.declared_with(generics);
        let clause = self.params.clause(predicates);
        let ty = respanned(&self.ty(), written.end);
        let body = quote_spanned!(written.end=> { #body });
        quote_spanned!(written.start=> impl #generics #head for #ty #clause #body)
    }
}
