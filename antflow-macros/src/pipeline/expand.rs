use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Expr, Path};

use super::operand::Operand;
use super::parse::{Content, Input};
use super::step::{Batch, Chain, Fork, Route, Step, Word};
use super::{check, declare, parse};
use crate::args::ungrouped;
use crate::errors::{Errors, guard};
use crate::signature::crate_at;

/// Expands `pipeline!(input)`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    guard(&TokenStream::new(), || match parse::parse(input) {
        Ok(Input {
            krate,
            import,
            content,
        }) => match content {
            Content::Chain(tokens) => expression(&krate, &import, tokens),
            Content::Declared(declared) => declare::expand_all(&krate, &import, &declared),
        },
        Err(error) => error.into_compile_error(),
    })
}

/// The mistakes, and the names beside them, so that editors know what these mean. Without the settings of stages, which
/// may be the mistake.
fn mistaken(chain: &Chain, errors: &Errors) -> TokenStream {
    let mut names = Vec::new();
    collect_names(chain, &mut names);
    if names.is_empty() {
        return quote!(#errors);
    }
    quote!({ #(let _ = #names;)* #errors })
}

fn collect_names(chain: &Chain, names: &mut Vec<TokenStream>) {
    for step in &chain.0 {
        match step {
            Step::Stage(operand) => names.push(operand.without_settings().clone()),
            Step::Word(word) => {
                if let Expr::Path(path) = ungrouped(&word.value) {
                    names.push(quote!(#path));
                }
            }
            Step::Batch(_) => {}
            Step::Fork(_) | Step::Route(_) => {
                for branch in step.branches() {
                    collect_names(branch, names);
                }
            }
        }
    }
}

fn expression(krate: &Path, import: &TokenStream, tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let chain = check::chain(tokens, Span::call_site(), &mut errors);
    if !errors.is_empty() {
        return mistaken(&chain, &errors);
    }
    let chain = build(krate, &chain);
    if import.is_empty() {
        chain
    } else {
        quote!({ #import #chain })
    }
}

/// The calls of the builder, each with a variable whose name stands where the user wrote the stage's.
///
/// The variables make a message about a stage underline one token, also of `text::parse.workers(4)`.
pub(super) fn build(krate: &Path, chain: &Chain) -> TokenStream {
    let stages = chain.stages();
    let values = stages.iter().map(|operand| {
        let variable = variable(operand);
        quote!(let #variable = #operand;)
    });
    let wired = Wired::of(krate, quote!(#krate::Pipeline::builder()), chain);
    let overrides = stages.iter().any(|operand| operand.has_overrides());
    let import = overrides.then(|| {
        quote! {
            #[allow(unused_imports)]
            use #krate::__private::StageExt as _;
        }
    });
    let Wired {
        values: chains,
        tokens,
    } = wired;
    quote!({ #import #(#values)* #chains #tokens })
}

fn variable(operand: &Operand) -> Ident {
    format_ident!("__stage{}", operand.index, span = operand.span)
}

/// The calls behind a start, one for each step.
///
/// A call of what is no stage is made on a variable with the place of its word, as messages about it underline the
/// expression from its beginning.
struct Wired {
    values: TokenStream,
    tokens: TokenStream,
}

impl Wired {
    fn of(krate: &Path, start: TokenStream, chain: &Chain) -> Self {
        let mut wired = Self {
            values: TokenStream::new(),
            tokens: start,
        };
        let mut previous = None;
        for step in &chain.0 {
            match step {
                Step::Stage(operand) => wired.stage(previous, operand),
                Step::Word(Word { name, value, .. }) => wired.call(name, &quote!(#value)),
                // The stage behind it takes its values, too.
                Step::Batch(_) => {}
                Step::Fork(fork) => wired.tee(krate, fork),
                Step::Route(route) => wired.route(krate, route),
            }
            previous = Some(step);
        }
        if let Some(Step::Route(Route { span, .. })) = previous {
            let krate = crate_at(krate, *span);
            let tokens = &wired.tokens;
            let last = format_ident!("__chain", span = *span);
            wired.values.extend(quote!(let #last = #tokens;));
            wired.tokens = quote_spanned!(*span=> #krate::__private::agreed(#last));
        }
        wired
    }

    fn call(&mut self, method: &Ident, arguments: &TokenStream) {
        let span = method.span();
        let chain = format_ident!("__chain", span = span);
        let tokens = &self.tokens;
        self.values.extend(quote!(let #chain = #tokens;));
        self.tokens = quote_spanned!(span=> #chain.#method(#arguments));
    }

    fn stage(&mut self, previous: Option<&Step>, operand: &Operand) {
        let (span, variable, tokens) = (operand.span, variable(operand), &self.tokens);
        self.tokens = match previous {
            Some(Step::Fork(_) | Step::Route(_)) => {
                quote_spanned!(span=> #tokens.merge(#variable))
            }
            Some(Step::Batch(batch)) => {
                let Batch {
                    name,
                    size,
                    max_wait,
                    ..
                } = batch;
                quote_spanned!(span=> #tokens.#name(#size, #max_wait, #variable))
            }
            _ => quote_spanned!(span=> #tokens.stage(#variable)),
        };
    }

    fn tee(&mut self, krate: &Path, fork: &Fork) {
        let start = format_ident!("__start", span = fork.span);
        let branches = fork.branches.iter();
        let branches = branches.map(|branch| Self::of(krate, quote!(#start), branch));
        let branches = quote_spanned!(fork.span=> |#start| (#(#branches),*));
        self.call(&Ident::new("tee", fork.span), &branches);
    }

    fn route(&mut self, krate: &Path, route: &Route) {
        let Route { span, arms } = route;
        let start = format_ident!("__start", span = *span);
        let routes = format_ident!("__routes", span = *span);
        let mut branches = quote!(#routes);
        for (variant, branch) in arms {
            let branch = Self::of(krate, quote!(#start), branch);
            branches = quote_spanned!(*span=> #branches.#variant(|#start| #branch));
        }
        let branches = quote_spanned!(*span=> |#routes| #branches);
        self.call(&Ident::new("route", *span), &branches);
    }
}

/// One expression.
impl ToTokens for Wired {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            values,
            tokens: last,
        } = self;
        tokens.extend(if values.is_empty() {
            quote!(#last)
        } else {
            quote!({ #values #last })
        });
    }
}
