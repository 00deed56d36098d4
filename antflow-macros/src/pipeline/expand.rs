use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Path;

use super::operand::Operand;
use super::{check, parse};
use crate::errors::{Errors, guard};

/// Expands `pipeline!(input)`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    guard(&TokenStream::new(), || match parse::parse(input) {
        Ok(input) => {
            let mut errors = Errors::default();
            let operands = check::operands(&input.chain, &mut errors);
            if errors.is_empty() {
                build(&input.krate, &operands)
            } else {
                quote!({ #errors })
            }
        }
        Err(error) => error.into_compile_error(),
    })
}

/// The calls of the builder.
fn build(krate: &Path, operands: &[Operand]) -> TokenStream {
    let mut chain = quote!(#krate::Pipeline::builder());
    for operand in operands {
        let value = &operand.value;
        chain = quote_spanned!(operand.span=> #chain.stage(#value));
    }
    if operands.iter().any(|operand| operand.has_overrides) {
        quote!({
            #[allow(unused_imports)]
            use #krate::__private::StageExt as _;
            #chain
        })
    } else {
        chain
    }
}
