//! What a named pipeline tells about itself.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;
use syn::ext::IdentExt as _;

use super::declare::Alias;
use super::operand::Operand;
use super::parse::{Body, Declared};
use crate::args::written;
use crate::stage::settings;

/// What stands below the user's documentation.
pub(super) fn docs(declared: &Declared, body: &Body, operands: &[Operand]) -> TokenStream {
    let has_docs = declared
        .attrs
        .iter()
        .any(|attr| attr.path().is_ident("doc"));
    let empty = has_docs.then(|| quote!(#[doc = ""]));
    let chain: Vec<_> = operands.iter().map(|operand| &*operand.text).collect();
    let line = format!(
        " The pipeline `{}`, from `{}` to `{}`.",
        chain.join(" >> "),
        written(&body.input),
        written(&body.output)
    );
    quote!(#empty #[doc = #line])
}

/// `GRAPH`: the stages, and that each hands its items to the next.
pub(super) fn constant(
    krate: &Path,
    declared: &Declared,
    operands: &[Operand],
    stages: &[Alias],
) -> TokenStream {
    let Declared { vis, name, .. } = declared;
    let name = name.unraw().to_string();
    let nodes = operands.iter().zip(stages).map(|(operand, stage)| {
        let ty = &stage.name;
        let named = operand.used.name.as_ref().map(|name| quote!(.named(#name)));
        let settings = settings(&operand.used.settings);
        let used = (!settings.is_empty()).then(|| quote!(.used_with(&[#settings])));
        quote!(#krate::__private::Outline::<#ty>::STAGE #named #used)
    });
    let edges = (1..stages.len()).map(|to| {
        let from = to - 1;
        quote!((#from, #to))
    });
    quote! {
        /// The stages of the pipeline, what they are set to, and how they are wired.
        #vis const GRAPH: #krate::Graph = {
            #[allow(unused_imports)]
            use #krate::__private::NotOutlined as _;
            const STAGES: &[#krate::GraphStage] = &[#(#nodes),*];
            #krate::Graph::new(#name, STAGES, &[#(#edges),*])
        };

    }
}
