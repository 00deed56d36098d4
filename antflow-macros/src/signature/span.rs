use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

/// The first and the last token of what the user wrote.
///
/// Spans cannot be joined on stable Rust, but the compiler underlines everything from the first token of an item's
/// header to its last one.
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

    /// `impl <head> for <name>` and what follows the name, underlined from start to end.
    pub(crate) fn impl_header(
        self,
        generics: &TokenStream,
        head: &TokenStream,
        name: &Ident,
        tail: &TokenStream,
    ) -> TokenStream {
        let mut name = name.clone();
        name.set_span(self.end);
        let tail = respanned(tail, self.end);
        quote_spanned!(self.start=> impl #generics #head for #name #tail)
    }
}

/// The same tokens at another place.
pub(crate) fn respanned(tokens: &TokenStream, span: Span) -> TokenStream {
    tokens
        .clone()
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
