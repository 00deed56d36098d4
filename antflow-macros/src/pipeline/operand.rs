use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, ExprPath, PathArguments};

use crate::signature::Ends;

/// One stage of a chain.
pub(super) struct Operand {
    /// The expression of the stage.
    pub(super) value: TokenStream,
    /// The stage's type, if it is known.
    pub(super) ty: Option<ExprPath>,
    /// Whether methods are called on it.
    pub(super) has_overrides: bool,
    /// Where messages about it point.
    pub(super) span: Span,
}

impl Operand {
    /// A path, with method calls behind it or without.
    pub(super) fn stage(path: &ExprPath, whole: &Expr) -> Self {
        let span = Ends::of(path).end;
        Self {
            value: with_receiver(whole, &construct(path)),
            ty: Some(path.clone()),
            has_overrides: matches!(whole, Expr::MethodCall(_)),
            span,
        }
    }

    /// Any other expression, taken for the value of a stage.
    pub(super) fn value(whole: &Expr) -> Self {
        Self {
            value: quote!(#whole),
            ty: None,
            has_overrides: matches!(whole, Expr::MethodCall(_)),
            span: Ends::of(whole).start,
        }
    }
}

/// The value of the type that a path names.
fn construct(path: &ExprPath) -> TokenStream {
    let span = Ends::of(path).end;
    let has_arguments = path
        .path
        .segments
        .iter()
        .any(|segment| !matches!(segment.arguments, PathArguments::None));
    if has_arguments || path.qself.is_some() {
        quote_spanned!(span=> <#path as ::core::default::Default>::default())
    } else {
        quote_spanned!(span=> #path {})
    }
}

/// The same method calls on another receiver.
fn with_receiver(whole: &Expr, receiver: &TokenStream) -> TokenStream {
    let Expr::MethodCall(call) = whole else {
        return receiver.clone();
    };
    let receiver = with_receiver(&call.receiver, receiver);
    let (dot, method, turbofish, args) =
        (&call.dot_token, &call.method, &call.turbofish, &call.args);
    let mut calls = quote!(#receiver #dot #method #turbofish);
    call.paren_token.surround(&mut calls, |tokens| {
        quote::ToTokens::to_tokens(args, tokens)
    });
    calls
}
