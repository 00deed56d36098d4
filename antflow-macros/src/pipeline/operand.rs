use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, ExprLit, ExprPath, Lit, LitStr};

use crate::args::{Setting, ungrouped, written};
use crate::signature::Ends;

/// One stage of a chain.
pub(super) struct Operand {
    /// Its place among all stages of the pipeline.
    pub(super) index: usize,
    /// The expression that methods are called on.
    value: TokenStream,
    /// The method calls.
    calls: TokenStream,
    /// As it was written.
    pub(super) text: String,
    /// The name and the settings that the method calls give it.
    pub(super) used: Used,
    /// The stage's type, if it is known.
    pub(super) ty: Option<ExprPath>,
    /// Where messages about it point.
    pub(super) span: Span,
}

impl Operand {
    /// A path, with method calls behind it or without.
    pub(super) fn stage(path: &ExprPath, whole: &Expr) -> Self {
        let last = path.path.segments.last();
        Self {
            index: 0,
            value: construct(path),
            calls: calls(whole),
            text: written(whole),
            used: Used::of(whole),
            ty: Some(path.clone()),
            span: last.map_or_else(|| Ends::of(path).end, |last| last.ident.span()),
        }
    }

    /// Any other expression, taken for the value of a stage.
    pub(super) fn value(whole: &Expr) -> Self {
        let mut innermost = whole;
        loop {
            innermost = match ungrouped(innermost) {
                Expr::MethodCall(call) => &call.receiver,
                Expr::Field(field) => &field.base,
                _ => break,
            };
        }
        let value = match innermost {
            Expr::Paren(paren) if std::ptr::eq(innermost, whole) => &paren.expr,
            _ => innermost,
        };
        Self {
            index: 0,
            value: value.to_token_stream(),
            calls: calls(whole),
            text: written(whole),
            used: Used::of(whole),
            ty: None,
            span: Ends::of(whole).start,
        }
    }

    /// Takes the value of another type, which has `Default`.
    pub(super) fn construct(&mut self, ty: &Ident) {
        self.value = default_of(&quote!(#ty), self.span);
    }

    /// The stage as it was written, before it was set for this use.
    pub(super) fn without_settings(&self) -> &TokenStream {
        &self.value
    }

    /// Whether methods are called on it.
    pub(super) fn has_overrides(&self) -> bool {
        !self.calls.is_empty()
    }
}

/// What is changed for one use of a stage, as far as it can be read.
#[derive(Default)]
pub(super) struct Used {
    /// The name, if it is a literal.
    pub(super) name: Option<LitStr>,
    pub(super) settings: Vec<Setting>,
}

impl Used {
    fn of(whole: &Expr) -> Self {
        let Expr::MethodCall(call) = ungrouped(whole) else {
            return Self::default();
        };
        let mut used = Self::of(&call.receiver);
        let key = call.method.to_string();
        let value = call.args.first();
        if key == "named" {
            used.name = match value.map(ungrouped) {
                Some(Expr::Lit(ExprLit {
                    lit: Lit::Str(name),
                    ..
                })) => Some(name.clone()),
                _ => used.name,
            };
            return used;
        }
        used.settings.retain(|setting| setting.key != key);
        used.settings.push(match value {
            Some(value) => Setting::new(key, value, String::new()),
            None => Setting {
                key,
                value: "true".to_owned(),
                code: String::new(),
            },
        });
        used
    }
}

impl ToTokens for Operand {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.value.to_tokens(tokens);
        self.calls.to_tokens(tokens);
    }
}

/// The value of the type that a path names.
fn construct(path: &ExprPath) -> TokenStream {
    let span = Ends::of(path).end;
    let mut segments = path.path.segments.iter();
    if path.qself.is_some() || segments.any(|segment| !segment.arguments.is_empty()) {
        default_of(&quote!(#path), span)
    } else {
        quote_spanned!(span=> #path {})
    }
}

fn default_of(ty: &TokenStream, span: Span) -> TokenStream {
    quote_spanned!(span=> <#ty as ::core::default::Default>::default())
}

/// The method calls behind the innermost receiver.
fn calls(whole: &Expr) -> TokenStream {
    match ungrouped(whole) {
        Expr::MethodCall(call) => {
            let mut tokens = calls(&call.receiver);
            call.dot_token.to_tokens(&mut tokens);
            call.method.to_tokens(&mut tokens);
            call.turbofish.to_tokens(&mut tokens);
            call.paren_token
                .surround(&mut tokens, |tokens| call.args.to_tokens(tokens));
            tokens
        }
        Expr::Field(field) => {
            let mut tokens = calls(&field.base);
            field.dot_token.to_tokens(&mut tokens);
            field.member.to_tokens(&mut tokens);
            tokens
        }
        _ => TokenStream::new(),
    }
}
