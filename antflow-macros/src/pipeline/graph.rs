//! What a named pipeline tells about itself.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;
use syn::ext::IdentExt as _;

use super::parse::{Body, Declared};
use super::step::{Chain, Step};
use super::types;
use crate::args::written;
use crate::stage::settings;

/// What stands below the user's documentation.
pub(super) fn docs(declared: &Declared, body: &Body, chain: &Chain) -> TokenStream {
    let has_docs = declared
        .attrs
        .iter()
        .any(|attr| attr.path().is_ident("doc"));
    let empty = has_docs.then(|| quote!(#[doc = ""]));
    let line = format!(
        " The pipeline `{}`, from `{}` to `{}`.",
        text(chain),
        written(&body.input),
        written(&body.output)
    );
    quote!(#empty #[doc = #line])
}

/// A chain as a person would write it.
fn text(chain: &Chain) -> String {
    let steps: Vec<_> = chain.0.iter().map(text_of_step).collect();
    steps.join(" >> ")
}

fn text_of_step(step: &Step) -> String {
    match step {
        Step::Stage(operand) => operand.text.clone(),
        Step::Word(word) => format!("{}({})", word.name, written(&word.value)),
        Step::Batch(batch) => batch.text.clone(),
        Step::Fork(fork) => {
            let branches: Vec<_> = fork.branches.iter().map(text).collect();
            format!("({})", branches.join(" & "))
        }
        Step::Route(route) => {
            let arms = route.arms.iter();
            let arms = arms.map(|(variant, branch)| format!("{variant} => {}", text(branch)));
            format!("{{ {} }}", arms.collect::<Vec<_>>().join(", "))
        }
    }
}

/// `GRAPH`: the stages, and which hands its items to which.
pub(super) fn constant(krate: &Path, declared: &Declared, chain: &Chain) -> TokenStream {
    let Declared { vis, name, .. } = declared;
    let name = name.unraw().to_string();
    let stages = chain.stages();
    let nodes = stages.iter().map(|operand| {
        let ty = types::alias(operand);
        let named = operand.used.name.as_ref().map(|name| quote!(.named(#name)));
        let settings = settings(&operand.used.settings);
        let used = (!settings.is_empty()).then(|| quote!(.used_with(&[#settings])));
        quote!(#krate::__private::Outline::<#ty>::STAGE #named #used)
    });
    let mut edges = Vec::new();
    wire(chain, Vec::new(), &mut edges);
    let edges = edges.iter().map(|(from, to)| quote!((#from, #to)));
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

/// Adds the edges of a chain that stands behind the stages `ends`. Returns the stages at its own end.
fn wire(chain: &Chain, mut ends: Vec<usize>, edges: &mut Vec<(usize, usize)>) -> Vec<usize> {
    for step in &chain.0 {
        match step {
            Step::Stage(operand) => {
                edges.extend(ends.iter().map(|end| (*end, operand.index)));
                ends = vec![operand.index];
            }
            Step::Word(_) | Step::Batch(_) => {}
            Step::Fork(_) | Step::Route(_) => {
                let branches = step.branches().into_iter();
                let behind = branches.map(|branch| wire(branch, ends.clone(), edges));
                ends = behind.collect::<Vec<_>>().concat();
            }
        }
    }
    ends
}
