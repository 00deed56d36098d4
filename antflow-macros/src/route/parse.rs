use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, Fields, Generics, Item, ItemEnum, Path, Variant};

use crate::args::{Args, Keys, written};
use crate::errors::Errors;

const KEYS: Keys = Keys {
    attribute: "route",
    known: &["crate"],
    foreign: None,
};

/// An enum, as far as it can be read.
pub(super) struct Routed {
    pub(super) krate: Path,
    /// What makes the path one that leads to the crate.
    pub(super) import: TokenStream,
    pub(super) name: Ident,
    pub(super) generics: Generics,
    pub(super) ways: Vec<Way>,
}

/// A variant.
pub(super) struct Way {
    pub(super) name: Ident,
    /// What a branch of it takes.
    pub(super) takes: TokenStream,
    /// What stands behind its name in a pattern, and the value of what it binds.
    pub(super) pattern: TokenStream,
    pub(super) value: TokenStream,
}

/// Reads what the derive stands on.
pub(super) fn parse(item: TokenStream, errors: &mut Errors) -> syn::Result<Routed> {
    match syn::parse2(item)? {
        Item::Enum(item) => Ok(of_enum(item, errors)),
        Item::Struct(item) => {
            errors.at(item.struct_token, refused("a struct has no variants"));
            Ok(without_ways(
                (item.attrs, item.ident, item.generics),
                errors,
            ))
        }
        Item::Union(item) => {
            errors.at(item.union_token, refused("a union has no variants"));
            Ok(without_ways(
                (item.attrs, item.ident, item.generics),
                errors,
            ))
        }
        other => Err(syn::Error::new_spanned(
            other,
            refused("this has no variants"),
        )),
    }
}

fn refused(why: &str) -> String {
    format!("`#[derive(Route)]` is for enums: {why}")
}

fn without_ways(
    (attrs, name, generics): (Vec<Attribute>, Ident, Generics),
    errors: &mut Errors,
) -> Routed {
    let (krate, import) = crate_path(&attrs, errors);
    Routed {
        krate,
        import,
        name,
        generics,
        ways: Vec::new(),
    }
}

fn of_enum(item: ItemEnum, errors: &mut Errors) -> Routed {
    if let Some(lifetime) = item.generics.lifetimes().next() {
        errors.at(
            lifetime,
            "what is routed owns what it holds: an enum with a lifetime cannot derive `Route`",
        );
    }
    if item.variants.is_empty() {
        errors.at(
            &item.ident,
            format!("`{}` has no variants, so nothing can be routed", item.ident),
        );
    }
    let ways = item.variants.iter();
    let ways = ways.filter_map(|variant| way(variant, errors)).collect();
    let parts = (item.attrs, item.ident, item.generics);
    Routed {
        ways,
        ..without_ways(parts, errors)
    }
}

fn way(variant: &Variant, errors: &mut Errors) -> Option<Way> {
    let fields = variant.fields.iter();
    let attrs = variant
        .attrs
        .iter()
        .chain(fields.flat_map(|field| &field.attrs));
    for attr in attrs.filter(|attr| attr.path().is_ident("route")) {
        errors.at(attr, "`#[route]` stands on the enum, not inside it");
    }
    let name = variant.ident.clone();
    let types: Vec<_> = variant.fields.iter().map(|field| &field.ty).collect();
    let bound: Vec<_> = (0..types.len())
        .map(|index| format_ident!("value{index}", span = name.span()))
        .collect();
    let (takes, value) = match (&types[..], &bound[..]) {
        ([ty], [value]) => (ty.to_token_stream(), value.to_token_stream()),
        _ => (
            quote!((#(#types),*)),
            quote_spanned!(name.span()=> (#(#bound),*)),
        ),
    };
    let pattern = match &variant.fields {
        Fields::Unit => TokenStream::new(),
        Fields::Unnamed(_) => quote!((#(#bound),*)),
        Fields::Named(fields) => {
            let types = types.iter().map(written);
            let types = types.collect::<Vec<_>>().join(", ");
            errors.at(
                fields,
                format!("a branch takes what is in its variant, and names would be lost: write `{name}({types})`, or a struct of its own"),
            );
            return None;
        }
    };
    Some(Way {
        name,
        takes,
        pattern,
        value,
    })
}

fn crate_path(attrs: &[Attribute], errors: &mut Errors) -> (Path, TokenStream) {
    let mut tokens = TokenStream::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("route")) {
        match attr.meta.require_list() {
            Ok(list) => {
                let list = &list.tokens;
                tokens.extend(quote!(#list,));
            }
            Err(_) => errors.at(attr, "expected a key, as in `#[route(crate = path)]`"),
        }
    }
    Args::parse(tokens, &KEYS, errors).crate_path(errors)
}

impl Way {
    /// The name of the trait that says that there is a branch.
    pub(super) fn has_branch(&self) -> Ident {
        format_ident!("Has{}", self.name.unraw())
    }
}
