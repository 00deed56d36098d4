use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericParam, Generics};

use crate::errors::Errors;

/// Refuses lifetime parameters.
pub(super) fn check(generics: &Generics, noun: &str, errors: &mut Errors) {
    if let Some(lifetime) = generics.lifetimes().next() {
        errors.at(
            &lifetime.lifetime,
            format!("a {noun} function has no lifetime parameters: its item is owned, and `&T` needs none"),
        );
    }
}

/// Generic parameters in the forms that the impls need.
#[derive(Default)]
pub(crate) struct Params {
    /// `T: Bound, const N: usize,` for `impl<..>`.
    pub(crate) declared: TokenStream,
    /// `<T, N>` behind the name of the type; nothing without parameters.
    pub(crate) applied: TokenStream,
    /// `T: Other,` for `where`.
    pub(crate) predicates: TokenStream,
    /// `T, const N: usize,` for the declaration of the type.
    pub(crate) bare: TokenStream,
    /// `T,` for the marker that uses them.
    pub(crate) types: TokenStream,
}

impl Params {
    /// Of a signature that passed its checks.
    ///
    /// Items are `Send + 'static`, so that the parameters are held to be both without being told.
    pub(crate) fn of(generics: &Generics) -> Self {
        let params = &generics.params;
        let mut this = Self::without_bounds(generics);
        if !params.is_empty() {
            let params = params.iter();
            this.declared = quote!(#(#params,)*);
        }
        if let Some(clause) = &generics.where_clause {
            let predicates = clause.predicates.iter();
            this.predicates = quote!(#(#predicates,)*);
        }
        for param in generics.type_params() {
            let name = &param.ident;
            this.predicates
                .extend(quote!(#name: ::core::marker::Send + 'static,));
        }
        this
    }

    /// Of a signature that did not: the parameters that a type can have, without what they must be.
    pub(crate) fn without_bounds(generics: &Generics) -> Self {
        let mut bare = TokenStream::new();
        let mut names = TokenStream::new();
        let mut types = TokenStream::new();
        for param in &generics.params {
            match param {
                GenericParam::Type(param) => {
                    let name = &param.ident;
                    bare.extend(quote!(#name,));
                    names.extend(quote!(#name,));
                    types.extend(quote!(#name,));
                }
                GenericParam::Const(param) => {
                    let (name, ty) = (&param.ident, &param.ty);
                    bare.extend(quote!(const #name: #ty,));
                    names.extend(quote!(#name,));
                }
                GenericParam::Lifetime(_) => {}
            }
        }
        let applied = if names.is_empty() {
            TokenStream::new()
        } else {
            quote!(<#names>)
        };
        Self {
            declared: bare.clone(),
            applied,
            predicates: TokenStream::new(),
            bare,
            types,
        }
    }

    /// `<..>` for an impl that has these parameters and `more`.
    pub(crate) fn declared_with(&self, more: &TokenStream) -> TokenStream {
        let declared = &self.declared;
        if declared.is_empty() && more.is_empty() {
            return TokenStream::new();
        }
        quote!(<#declared #more>)
    }

    /// `::<..>` behind the name of the function.
    pub(crate) fn turbofish(&self) -> TokenStream {
        let applied = &self.applied;
        if applied.is_empty() {
            TokenStream::new()
        } else {
            quote!(::#applied)
        }
    }

    /// `where ..` with these predicates and `more`.
    pub(crate) fn clause(&self, more: &TokenStream) -> TokenStream {
        let predicates = &self.predicates;
        if predicates.is_empty() && more.is_empty() {
            return TokenStream::new();
        }
        quote!(where #predicates #more)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.applied.is_empty()
    }
}
