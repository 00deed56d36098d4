use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Expr, Path};

use super::operand::Operand;
use super::parse::{Content, Input};
use super::{check, declare, parse};
use crate::errors::{Errors, guard};

/// Expands `pipeline!(input)`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    guard(&TokenStream::new(), || match parse::parse(input) {
        Ok(Input {
            krate,
            import,
            content,
        }) => match content {
            Content::Chain(chain) => expression(&krate, &import, &chain),
            Content::Declared(declared) => declare::expand_all(&krate, &import, &declared),
        },
        Err(unread) => {
            let mut errors = Errors::default();
            let mut operands = Vec::new();
            for stage in &unread.stages {
                // What else is wrong is said when this is mended.
                operands.extend(check::operands(stage, &mut Errors::default()));
            }
            errors.push(unread.error);
            mistaken(&operands, &errors)
        }
    })
}

/// The mistakes, and the stages beside them, so that editors know what the names mean. Without their settings, which may
/// be the mistake.
fn mistaken(operands: &[Operand], errors: &Errors) -> TokenStream {
    if operands.is_empty() {
        return quote!(#errors);
    }
    let stages = operands.iter().map(Operand::without_settings);
    quote!({ #(let _ = #stages;)* #errors })
}

fn expression(krate: &Path, import: &TokenStream, chain: &Expr) -> TokenStream {
    let mut errors = Errors::default();
    let operands = check::operands(chain, &mut errors);
    if !errors.is_empty() {
        return mistaken(&operands, &errors);
    }
    let chain = build(krate, &operands);
    if import.is_empty() {
        chain
    } else {
        quote!({ #import #chain })
    }
}

/// The calls of the builder, each with a variable whose name stands where the user wrote the stage's.
///
/// The variables make a message about a stage underline one token, also of `text::parse.workers(4)`.
pub(super) fn build(krate: &Path, operands: &[Operand]) -> TokenStream {
    let mut values = TokenStream::new();
    let mut chain = quote!(#krate::Pipeline::builder());
    for (index, operand) in operands.iter().enumerate() {
        let variable = format_ident!("__stage{index}", span = operand.span);
        values.extend(quote!(let #variable = #operand;));
        chain = quote_spanned!(operand.span=> #chain.stage(#variable));
    }
    let overrides = operands.iter().any(Operand::has_overrides);
    let import = overrides.then(|| {
        quote! {
            #[allow(unused_imports)]
            use #krate::__private::StageExt as _;
        }
    });
    quote!({ #import #values #chain })
}
