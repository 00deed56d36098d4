use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::Path;

use super::expand::build;
use super::operand::Operand;
use super::parse::{Body, Declared};
use super::step::{Chain, Step};
use super::{check, graph, types};
use crate::errors::Errors;
use crate::signature::Ends;

/// Expands the pipelines of one `pipeline!`.
pub(super) fn expand_all(krate: &Path, import: &TokenStream, declared: &[Declared]) -> TokenStream {
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
            tokens.extend(expand(krate, import, pipeline));
        }
    }
    tokens
}

/// Expands `pub Ingest: Url => RowId = fetch >> parse;`.
fn expand(krate: &Path, import: &TokenStream, declared: &Declared) -> TokenStream {
    let mut errors = Errors::default();
    let whole = match &declared.body {
        Ok(body) => whole(krate, import, declared, body, &mut errors),
        Err(error) => {
            errors.push(error.clone());
            None
        }
    };
    whole.unwrap_or_else(|| mistaken(krate, import, declared, &errors))
}

/// A pipeline without mistakes.
fn whole(
    krate: &Path,
    import: &TokenStream,
    declared: &Declared,
    body: &Body,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let mut chain = check::chain(body.chain.clone(), body.end, errors);
    if !errors.is_empty() {
        return None;
    }
    let aliases = aliases(&mut chain, errors);
    let ty = types::chain(krate, &chain, errors);
    if !errors.is_empty() {
        return None;
    }
    let graph = graph::constant(krate, declared, &chain);
    let docs = graph::docs(declared, body, &chain);
    let ends = check_ends(krate, body, &chain);
    let built = build(krate, &chain);
    let new = new(
        declared,
        &quote!(#krate::Pipeline<__Chain>),
        &quote!(#ends #krate::__private::declared(#built)),
    );
    Some(item(
        declared,
        &docs,
        &quote!(#import #aliases type __Chain = #ty;),
        &quote!(#graph #new),
    ))
}

/// The type of a pipeline that is a mistake: the compiler says nothing about its uses.
fn mistaken(
    krate: &Path,
    import: &TokenStream,
    declared: &Declared,
    errors: &Errors,
) -> TokenStream {
    let graph = graph::constant(krate, declared, &Chain::default());
    let new = new(
        declared,
        &quote!(<[(); { #errors }] as #krate::Signature>::Input),
        &quote!(::core::unreachable!()),
    );
    item(declared, &TokenStream::new(), import, &quote!(#graph #new))
}

fn new(declared: &Declared, ty: &TokenStream, body: &TokenStream) -> TokenStream {
    let vis = &declared.vis;
    quote! {
        /// The pipeline, without a state.
        #[allow(private_interfaces, clippy::new_ret_no_self)]
        #vis fn new() -> #ty {
            #body
        }
    }
}

/// The type with what is in its impl, and what its impl needs.
fn item(
    declared: &Declared,
    docs: &TokenStream,
    aliases: &TokenStream,
    inside: &TokenStream,
) -> TokenStream {
    let Declared {
        attrs, vis, name, ..
    } = declared;
    // Where an expression belongs, it is this word that the compiler does not expect.
    let declared = quote_spanned!(name.span()=> struct #name;);
    quote! {
        #(#attrs)*
        #docs
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::default::Default)]
        #vis #declared

        const _: () = {
            #aliases
            impl #name { #inside }
        };
    }
}

/// Gives each stage's type a name of its own, to which the stage then refers, so that one that does not exist is reported
/// once.
fn aliases(chain: &mut Chain, errors: &mut Errors) -> TokenStream {
    let mut aliases = TokenStream::new();
    chain.each_stage(&mut |operand| {
        let Some(path) = operand.ty.take() else {
            errors.at_span(
                operand.span,
                "a pipeline with a name is made of stages with names: this value has no type to declare",
            );
            return;
        };
        let name = types::alias(operand);
        aliases.extend(quote!(type #name = #path;));
        operand.construct(&name);
    });
    aliases
}

/// Checks the declared types, each where it was written.
fn check_ends(krate: &Path, body: &Body, chain: &Chain) -> TokenStream {
    let stages = chain.stages();
    let (Some(first), Some(last)) = (stages.first(), stages.last()) else {
        return TokenStream::new();
    };
    let Body { input, output, .. } = body;
    let at = |stage: &Operand, span: Span| {
        let mut name = types::alias(stage);
        name.set_span(span);
        name
    };
    let [into, out_of] = [input, output].map(|ty| Ends::of(ty).start);
    let span = last.span;
    let (first, last) = (at(first, into), at(last, out_of));
    let takes = quote_spanned!(into=> #krate::__private::takes::<#first, #input>(););
    let given = if chain.is_line() {
        quote_spanned!(out_of=> <#last as #krate::Signature>::Output)
    } else {
        // A stage that gives no batch is said to be none where the builder says so, too, which makes it one error.
        let at = batching(chain).unwrap_or(span);
        quote_spanned!(at=> <__Chain as #krate::Chain>::Output)
    };
    let gives = quote_spanned!(out_of=> #krate::__private::gives::<#output, #given>(););
    quote!(#takes #gives)
}

/// The place of the first stage that takes batches.
fn batching(chain: &Chain) -> Option<Span> {
    let mut pairs = chain.0.windows(2);
    pairs.find_map(|pair| match pair {
        [Step::Batch(_), stage] => Some(stage.span()),
        _ => None,
    })
}
