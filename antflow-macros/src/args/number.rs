use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{Expr, Lit, LitInt, UnOp};

use super::{Args, literal, ungrouped};
use crate::errors::Errors;

impl Args {
    /// A number of at least one. A literal is checked; any other expression is left to the compiler and to the run.
    pub(crate) fn count(&self, name: &str, errors: &mut Errors) -> Option<TokenStream> {
        let value = self.value(name, errors)?;
        match check_count(name, value) {
            Ok(()) => Some(value.to_token_stream()),
            Err(error) => {
                errors.push(error);
                None
            }
        }
    }
}

/// Refuses literals that are no number of at least one.
pub(crate) fn check_count(name: &str, value: &Expr) -> syn::Result<()> {
    let value = ungrouped(value);
    let wrong = |message: String| Err(syn::Error::new_spanned(value, message));
    match literal(value) {
        Some(Lit::Int(number)) => check_integer(name, number),
        Some(_) => wrong(format!("`{name}` takes a whole number of at least 1")),
        None if is_negative(value) => wrong(format!("`{name}` must be at least 1")),
        None => Ok(()),
    }
}

fn check_integer(name: &str, number: &LitInt) -> syn::Result<()> {
    let wrong = |message: String| Err(syn::Error::new(number.span(), message));
    if !number.suffix().is_empty() {
        return wrong(format!(
            "`{name}` takes a number without a suffix: write `{}`",
            number.base10_digits()
        ));
    }
    // `usize` is 32 bits wide on some of the machines that the code may be meant for.
    match number.base10_parse::<u32>() {
        Ok(0) => wrong(format!("`{name}` must be at least 1")),
        Ok(_) => Ok(()),
        Err(_) => wrong(format!("`{name}` must be at most {}", u32::MAX)),
    }
}

fn is_negative(value: &Expr) -> bool {
    matches!(value, Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) && literal(&unary.expr).is_some())
}
