use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, Lit, Meta, Type};

use crate::args::{Setting, written};
use crate::signature::Function;

/// A line that links to the function and one of its settings, then the function's documentation up to its first code
/// block, as an example would be tested twice.
pub(super) fn of_function(function: &Function, noun: &str, settings: &[Setting]) -> TokenStream {
    let name = function.sig.ident.unraw();
    let noun = if noun == "stage" { "Stage" } else { "Task" };
    let mut docs = line(&format!("{noun} handle of [`{name}()`](fn@{name})."));
    docs.extend(of_settings(settings));
    let mut lines = function
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("doc"))
        .peekable();
    if lines.peek().is_some() {
        docs.extend(quote!(#[doc = ""]));
    }
    for attr in lines {
        if text_of(attr).is_some_and(|text| text.contains("```") || text.contains("~~~")) {
            break;
        }
        attr.to_tokens(&mut docs);
    }
    docs
}

/// What stands below the documentation of a struct that lists tasks.
pub(crate) fn of_list(attrs: &[Attribute], tasks: &[Type], settings: &[Setting]) -> TokenStream {
    let has_docs = attrs.iter().any(|attr| attr.path().is_ident("doc"));
    let tasks: Vec<_> = tasks
        .iter()
        .map(|task| format!("`{}`", written(task)))
        .collect();
    let mut docs = TokenStream::new();
    if has_docs {
        docs.extend(quote!(#[doc = ""]));
    }
    docs.extend(line(&format!("Stage of the tasks {}.", tasks.join(", "))));
    docs.extend(of_settings(settings));
    docs
}

fn of_settings(settings: &[Setting]) -> TokenStream {
    let codes: Vec<_> = settings
        .iter()
        .map(|setting| format!("`{}`", setting.code.replace('`', "'")))
        .collect();
    if codes.is_empty() {
        return TokenStream::new();
    }
    let line = line(&format!("Settings: {}.", codes.join(", ")));
    quote!(#[doc = ""] #line)
}

fn line(text: &str) -> TokenStream {
    let text = format!(" {text}");
    quote!(#[doc = #text])
}

fn text_of(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
