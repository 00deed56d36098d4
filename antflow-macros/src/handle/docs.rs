use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, Lit, Meta};

/// A line that links to the function, then the function's documentation up to its first code block, as an example would
/// be tested twice.
pub(super) fn of(attrs: &[Attribute], name: &Ident, noun: &str) -> TokenStream {
    let noun = if noun == "stage" { "Stage" } else { "Task" };
    let line = format!(
        " {noun} handle of [`{name}()`](fn@{name}).",
        name = name.unraw()
    );
    let mut docs = quote!(#[doc = #line]);
    let mut lines = attrs
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
