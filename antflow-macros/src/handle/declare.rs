use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Visibility};

use crate::signature::Params;

/// `struct name {}`, which is `Clone + Copy + Debug + Default`. With parameters it has a field that uses them.
pub(crate) fn declare(
    attrs: &TokenStream,
    vis: &Visibility,
    name: &Ident,
    params: &Params,
) -> TokenStream {
    // Messages that show the definition of the type point at the user's name.
    let at = name.span();
    if params.is_empty() {
        let item = quote_spanned!(at=> struct #name {});
        return quote! {
            #attrs
            #[allow(non_camel_case_types)]
            #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::default::Default)]
            #vis #item
        };
    }
    let Params { bare, types, .. } = params;
    let item = quote_spanned! {at=>
        struct #name<#bare> {
            #[doc(hidden)]
            pub types_are_missing: ::core::marker::PhantomData<fn() -> (#types)>,
        }
    };
    quote! {
        #attrs
        #[allow(non_camel_case_types)]
        #vis #item
    }
}

/// What derives would write, without bounds on the parameters.
pub(super) fn impls_of_generic(name: &Ident, params: &Params) -> TokenStream {
    let Params { bare, applied, .. } = params;
    let text = name.to_string();
    quote! {
        impl<#bare> ::core::clone::Clone for #name #applied {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<#bare> ::core::marker::Copy for #name #applied {}
        impl<#bare> ::core::fmt::Debug for #name #applied {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(#text)
            }
        }
        impl<#bare> ::core::default::Default for #name #applied {
            fn default() -> Self {
                Self { types_are_missing: ::core::marker::PhantomData }
            }
        }
    }
}

/// Impls in a scope of their own, under the same conditions as the item.
pub(crate) fn scope(attrs: &[Attribute], inside: &TokenStream) -> TokenStream {
    let conditions = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let deprecated = attrs.iter().any(|attr| attr.path().is_ident("deprecated"));
    let allow = deprecated.then(|| quote!(#[allow(deprecated)]));
    quote! {
        #(#conditions)*
        #allow
        const _: () = { #inside };
    }
}
