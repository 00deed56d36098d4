use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;

use super::Handle;
use crate::signature::{Ends, Param, crate_at, respanned};

impl Handle<'_> {
    /// What the pipeline's state must be for the function: that it holds what the function takes.
    pub(crate) fn state_predicates(&self) -> TokenStream {
        let krate = self.krate;
        let handle = self.target().ty();
        let predicates = self.states().map(|(index, ty)| {
            let at = Ends::of(ty).end;
            let krate = crate_at(krate, at);
            let part = self.part(index, at);
            quote_spanned!(at=> #part: #krate::__private::StateFor<#handle, __State>,)
        });
        predicates.collect()
    }

    /// The trait whose types are what the function takes out of the state, if it does.
    ///
    /// They are written there alone, as an impl that has parameters of its own would have a message of its own for a
    /// type that does not exist.
    pub(super) fn parts(&self) -> TokenStream {
        let krate = self.krate;
        let (indices, types): (Vec<_>, Vec<_>) = self.states().unzip();
        if indices.is_empty() {
            return TokenStream::new();
        }
        let names: Vec<_> = indices.into_iter().map(name).collect();
        let body = quote!(#(type #names = #krate::__private::Same<#types>;)*);
        let parts = self.target().implement(&quote!(__Parts), &body);
        quote! {
            trait __Parts {
                #(type #names;)*
            }
            #parts
        }
    }

    /// The type of a part of the state.
    pub(super) fn part(&self, index: usize, at: Span) -> TokenStream {
        let handle = self.target().ty();
        let name = name(index);
        respanned(&quote!(<#handle as __Parts>::#name), at)
    }

    fn states(&self) -> impl Iterator<Item = (usize, &Type)> {
        let params = self.shape.into_iter().flat_map(|shape| &shape.params);
        params.filter_map(|param| match param {
            Param::State(index, ty) => Some((*index, &**ty)),
            _ => None,
        })
    }
}

fn name(index: usize) -> Ident {
    format_ident!("__Part{index}")
}
