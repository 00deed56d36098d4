//! The type of a pipeline with a name.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Path;

use super::operand::Operand;
use super::step::{Chain, Kind, Step};
use crate::errors::Errors;

/// The name under which the type of a stage is known.
pub(super) fn alias(operand: &Operand) -> Ident {
    format_ident!("__Stage{}", operand.index, span = operand.span)
}

/// `NextStage<FirstStage<fetch>, parse>`
pub(super) fn chain(krate: &Path, chain: &Chain, errors: &mut Errors) -> TokenStream {
    let mut ty = TokenStream::new();
    let mut previous: Option<&Step> = None;
    for (index, step) in chain.0.iter().enumerate() {
        ty = match step {
            Step::Stage(operand) => {
                let stage = alias(operand);
                match previous {
                    None => quote!(#krate::FirstStage<#stage>),
                    Some(Step::Fork(_) | Step::Route(_)) => {
                        quote!(#krate::chain::Merge<#ty, #stage>)
                    }
                    Some(Step::Batch(_)) => quote!(#krate::chain::Batched<#ty, #stage>),
                    Some(_) => quote!(#krate::NextStage<#ty, #stage>),
                }
            }
            Step::Word(word) => match word.kind {
                Kind::Filter => quote!(#krate::chain::Filter<#ty>),
                Kind::FlatMap => match input(krate, &chain.0[index + 1..]) {
                    Some(part) => quote!(#krate::chain::FlatMap<#ty, #part>),
                    None => {
                        let message = "in a pipeline with a name, a stage behind `flat_map` says what the parts are: put one here";
                        errors.at(&word.name, message);
                        ty
                    }
                },
                Kind::Broadcast => {
                    let message = "a pipeline with a name cannot broadcast, as its type names each stage: write branches, as in `(first & second)`";
                    errors.at(&word.name, message);
                    ty
                }
            },
            Step::Batch(_) => ty,
            Step::Fork(fork) => {
                let branches = fork.branches.iter();
                let branches = branches.map(|branch| self::chain(krate, branch, errors));
                quote!(#krate::chain::Tee<#ty, (#(#branches),*)>)
            }
            Step::Route(route) => {
                let mut ways = quote!(#krate::chain::NoWay);
                for (_, branch) in &route.arms {
                    let branch = self::chain(krate, branch, errors);
                    ways = quote!(#krate::chain::Ways<#ways, #branch>);
                }
                quote!(#krate::chain::Routed<#ty, #ways>)
            }
        };
        previous = Some(step);
    }
    ty
}

/// What these steps take, if a stage says it.
fn input(krate: &Path, steps: &[Step]) -> Option<TokenStream> {
    match steps.first()? {
        Step::Stage(operand) => {
            let stage = alias(operand);
            Some(quote!(<#stage as #krate::Signature>::Input))
        }
        Step::Word(word) if word.kind == Kind::Filter => input(krate, &steps[1..]),
        Step::Batch(_) => {
            let batch = input(krate, &steps[1..])?;
            Some(quote!(<#batch as ::core::iter::IntoIterator>::Item))
        }
        Step::Fork(fork) => input(krate, &fork.branches.first()?.0),
        Step::Word(_) | Step::Route(_) => None,
    }
}
