//! Collects every mistake of one expansion, so that all are reported together.

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Adds a mistake that is underlined from the first to the last of `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Adds a mistake that is underlined at `span`.
    pub(crate) fn at_span(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Adds a mistake that `syn` found.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Adds the mistakes of `other`.
    pub(crate) fn append(&mut self, other: Self) {
        if let Some(error) = other.0 {
            self.push(error);
        }
    }

    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// One `compile_error!` for each mistake, fit for the place of items, statements or an expression.
impl ToTokens for Errors {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        if let Some(error) = &self.0 {
            tokens.extend(error.to_compile_error());
        }
    }
}

/// Runs an expansion. A panic in it becomes an error beside `fallback`, as a panic would break completion in editors.
pub(crate) fn guard(fallback: &TokenStream, expand: impl FnOnce() -> TokenStream) -> TokenStream {
    catch_unwind(AssertUnwindSafe(expand)).unwrap_or_else(|panic| {
        let message = format!(
            "the macro failed on this code, which is a mistake in antflow: {}",
            text_of(&*panic)
        );
        let error = syn::Error::new(Span::call_site(), message).into_compile_error();
        quote::quote!(#error #fallback)
    })
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panicked without a message")
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn a_panic_keeps_the_item_and_names_itself() {
        let item = quote!(
            fn fetch() {}
        );
        let expansion = guard(&item, || panic!("out of spans")).to_string();
        assert!(expansion.contains("out of spans"), "{expansion}");
        assert!(expansion.ends_with(&item.to_string()), "{expansion}");
    }
}
