use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Path;

/// The first and the last token of what the user wrote.
///
/// Spans cannot be joined on stable Rust, but the compiler underlines all from the first token of an expression, a type
/// or an impl to its last one.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) start: Span,
    pub(crate) end: Span,
}

impl Ends {
    pub(crate) fn of(tokens: impl ToTokens) -> Self {
        let mut spans = tokens
            .into_token_stream()
            .into_iter()
            .map(|token| token.span());
        let start = spans.next().unwrap_or_else(Span::call_site);
        Self {
            start,
            end: spans.last().unwrap_or(start),
        }
    }
}

/// The same tokens at another place.
pub(crate) fn respanned(tokens: &TokenStream, span: Span) -> TokenStream {
    tokens
        .clone()
        .into_iter()
        .map(|mut token| {
            // `$crate` means what it does by its place.
            if !matches!(&token, TokenTree::Ident(ident) if ident == "$crate") {
                token.set_span(span);
            }
            token
        })
        .collect()
}

/// The path of the antflow crate at another place, so that what follows it is underlined from there.
pub(crate) fn crate_at(krate: &Path, span: Span) -> TokenStream {
    respanned(&krate.to_token_stream(), span)
}
