use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::Path;
use syn::ext::IdentExt as _;

use super::check;
use super::expand::build;
use super::operand::Operand;
use super::parse::Declared;
use crate::args::written;
use crate::errors::Errors;
use crate::signature::Ends;
use crate::stage::settings;

/// Expands the pipelines of one `pipeline!`.
pub(super) fn expand_all(krate: &Path, declared: &[Declared]) -> TokenStream {
    let mut tokens = TokenStream::new();
    for (index, pipeline) in declared.iter().enumerate() {
        let name = &pipeline.name;
        if declared[..index]
            .iter()
            .any(|earlier| earlier.name == *name)
        {
            let mut errors = Errors::default();
            errors.at(
                name,
                format!("there are two pipelines `{name}`: rename one"),
            );
            errors.to_tokens(&mut tokens);
        } else {
            tokens.extend(expand(krate, pipeline));
        }
    }
    tokens
}

/// Expands `pub Ingest: Url => RowId = fetch >> parse;`.
fn expand(krate: &Path, declared: &Declared) -> TokenStream {
    let Declared {
        attrs, vis, name, ..
    } = declared;
    let mut errors = Errors::default();
    let mut operands = check::operands(&declared.chain, &mut errors);
    let stages = if errors.is_empty() {
        aliases(&mut operands, &mut errors)
    } else {
        Vec::new()
    };
    let (ty, body) = if errors.is_empty() {
        let ends = check_ends(krate, declared, &stages);
        let chain = build(krate, &operands);
        let ty = pipeline_type(krate, &stages);
        (ty, quote!(#ends #krate::__private::declared(#chain)))
    } else {
        let ty = quote!(<[(); { #errors }] as #krate::Signature>::Input);
        (ty, quote!(::core::unreachable!()))
    };
    let aliases = stages.iter().map(|stage| &stage.declaration);
    let line = format!(" The pipeline, without a state: {}.", described(declared));
    let docs = docs(declared, &operands);
    let graph = graph(krate, declared, &operands, &stages);
    quote! {
        #(#attrs)*
        #docs
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::default::Default)]
        #vis struct #name;

        const _: () = {
            #(#aliases)*
            impl #name {
                #graph
                #[doc = #line]
                #[allow(private_interfaces, clippy::new_ret_no_self)]
                #vis fn new() -> #ty {
                    #body
                }
            }
        };
    }
}

/// A stage's type under a name of its own, so that one that does not exist is reported once.
struct Alias {
    name: Ident,
    declaration: TokenStream,
}

/// Makes an alias for every operand, and the operands refer to it.
fn aliases(operands: &mut [Operand], errors: &mut Errors) -> Vec<Alias> {
    let mut aliases = Vec::new();
    for (index, operand) in operands.iter_mut().enumerate() {
        let Some(path) = operand.ty.take() else {
            errors.at_span(
                operand.span,
                "a pipeline with a name is made of stages with names: this value has no type to declare",
            );
            continue;
        };
        let name = format_ident!("__Stage{index}", span = operand.span);
        let declaration = quote!(type #name = #path;);
        operand.construct(&name);
        aliases.push(Alias { name, declaration });
    }
    aliases
}

/// `Pipeline<NextStage<FirstStage<fetch>, parse>>`
fn pipeline_type(krate: &Path, stages: &[Alias]) -> TokenStream {
    let mut chain = TokenStream::new();
    for (index, stage) in stages.iter().enumerate() {
        let name = &stage.name;
        chain = match index {
            0 => quote!(#krate::FirstStage<#name>),
            _ => quote!(#krate::NextStage<#chain, #name>),
        };
    }
    quote!(#krate::Pipeline<#chain>)
}

/// Checks the declared types, each where it was written.
fn check_ends(krate: &Path, declared: &Declared, stages: &[Alias]) -> TokenStream {
    let (Some(first), Some(last)) = (stages.first(), stages.last()) else {
        return TokenStream::new();
    };
    let Declared { input, output, .. } = declared;
    let at = |stage: &Alias, span: Span| {
        let mut name = stage.name.clone();
        name.set_span(span);
        name
    };
    let [into, out_of] = [input, output].map(|ty| Ends::of(ty).start);
    let (first, last) = (at(first, into), at(last, out_of));
    let takes = quote_spanned!(into=> #krate::__private::takes::<#first, #input>(););
    let given = quote_spanned!(out_of=> <#last as #krate::Signature>::Output);
    let gives = quote_spanned!(out_of=> #krate::__private::gives::<#output, #given>(););
    quote!(#takes #gives)
}

fn described(declared: &Declared) -> String {
    format!(
        "from `{}` to `{}`",
        written(&declared.input),
        written(&declared.output)
    )
}

/// What stands below the user's documentation.
fn docs(declared: &Declared, operands: &[Operand]) -> TokenStream {
    let has_docs = declared
        .attrs
        .iter()
        .any(|attr| attr.path().is_ident("doc"));
    let empty = has_docs.then(|| quote!(#[doc = ""]));
    let chain: Vec<_> = operands.iter().map(|operand| &*operand.text).collect();
    let line = format!(
        " The pipeline `{}`, {}.",
        chain.join(" >> "),
        described(declared)
    );
    quote!(#empty #[doc = #line])
}

/// `GRAPH`: the stages, and that each hands its items to the next.
fn graph(krate: &Path, declared: &Declared, operands: &[Operand], stages: &[Alias]) -> TokenStream {
    if stages.is_empty() {
        return TokenStream::new();
    }
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
