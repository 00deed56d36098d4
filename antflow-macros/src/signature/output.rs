use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{ReturnType, Signature, Type};

use super::borrow::{Flaw, flaw};
use super::{bare, is_named};
use crate::errors::Errors;

/// What a function returns.
pub(crate) enum Output {
    /// Nothing.
    Unit,
    /// A value: the function cannot fail.
    Plain(Type),
    /// Something named `Result`.
    Result(Type),
}

/// Reads the return type; none if it has a flaw, which is reported unless the function is no `async fn` to begin with.
pub(super) fn read(
    sig: &Signature,
    noun: &str,
    callable: bool,
    errors: &mut Errors,
) -> Option<Output> {
    let ReturnType::Type(_, ty) = &sig.output else {
        return Some(Output::Unit);
    };
    match flaw(ty) {
        None if is_named(bare(ty), "Result") => return Some(Output::Result((**ty).clone())),
        None => return Some(Output::Plain((**ty).clone())),
        Some(Flaw::Unnamed(at)) if callable => {
            errors.at(
                at,
                format!(
                    "a {noun} has an output type with a name: `impl Trait` is not supported here"
                ),
            );
        }
        Some(Flaw::Borrow(at)) if callable => errors.at(
            at,
            format!("a {noun} gives an owned value on: its output has no lifetime but `'static`"),
        ),
        Some(_) => {}
    }
    None
}

impl Output {
    /// The return type, unless it is left out.
    pub(crate) fn ty(&self) -> Option<&Type> {
        match self {
            Self::Unit => None,
            Self::Plain(ty) | Self::Result(ty) => Some(ty),
        }
    }
}

impl ToTokens for Output {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self.ty() {
            Some(ty) => ty.to_tokens(tokens),
            None => tokens.extend(quote!(())),
        }
    }
}
