use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Path, Token};

use crate::args::default_crate_path;

/// What stands in `pipeline!(..)`.
pub(super) struct Input {
    /// `crate = path;` in front.
    pub(super) krate: Path,
    pub(super) chain: Expr,
}

pub(super) fn parse(tokens: TokenStream) -> syn::Result<Input> {
    let parser = |input: ParseStream<'_>| {
        let krate = crate_path(input)?;
        let chain = chain(input)?;
        if input.is_empty() {
            Ok(Input { krate, chain })
        } else {
            Err(foreign_separator(input.parse()?))
        }
    };
    parser.parse2(tokens)
}

/// Reads `crate = path;` if it is there.
pub(super) fn crate_path(input: ParseStream<'_>) -> syn::Result<Path> {
    if !(input.peek(Token![crate]) && input.peek2(Token![=])) {
        return Ok(default_crate_path());
    }
    input.parse::<Token![crate]>()?;
    input.parse::<Token![=]>()?;
    let krate = input.call(Path::parse_mod_style)?;
    input.parse::<Token![;]>()?;
    Ok(krate)
}

/// Reads an expression, with a better word for what is missing in it.
pub(super) fn chain(input: ParseStream<'_>) -> syn::Result<Expr> {
    if input.is_empty() {
        let message = "a pipeline has at least one stage, as in `pipeline!(fetch >> save)`";
        return Err(syn::Error::new(proc_macro2::Span::call_site(), message));
    }
    let tokens: TokenStream = input.fork().parse()?;
    input
        .parse()
        .map_err(|error| missing_stage(tokens).unwrap_or(error))
}

/// The first `>>` that has no stage on one of its sides.
fn missing_stage(tokens: TokenStream) -> Option<syn::Error> {
    let tokens: Vec<TokenTree> = tokens
        .into_iter()
        .take_while(|token| !is_punct(token, ';'))
        .collect();
    let mut previous_is_stage = false;
    let mut index = 0;
    while index < tokens.len() {
        let Some([first, second]) = tokens.get(index..index + 2).filter(|pair| is_arrow(pair))
        else {
            previous_is_stage = true;
            index += 1;
            continue;
        };
        let next = tokens.get(index + 2);
        let side = match next {
            _ if !previous_is_stage => "before",
            None => "after",
            Some(next) if is_punct(next, '>') || is_punct(next, ',') => "after",
            Some(_) => {
                previous_is_stage = false;
                index += 2;
                continue;
            }
        };
        return Some(syn::Error::new_spanned(
            quote!(#first #second),
            format!("a stage is missing {side} this `>>`"),
        ));
    }
    None
}

fn is_arrow(pair: &[TokenTree]) -> bool {
    let joint = matches!(&pair[0], TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
    joint && pair.iter().all(|token| is_punct(token, '>'))
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

/// The message about what stands where `>>` is expected.
fn foreign_separator(rest: TokenStream) -> syn::Error {
    let mut tokens = rest.into_iter().peekable();
    let mut written = TokenStream::new();
    let mut text = String::new();
    while let Some(token) = tokens.next() {
        let joint = matches!(&token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
        text.push_str(&token.to_string());
        written.extend([token]);
        if !joint {
            break;
        }
    }
    let last = tokens.peek().is_none();
    let message = match &*text {
        "," | ";" if last => format!("nothing may follow the last stage: remove the `{text}`"),
        _ => wired_with(&text),
    };
    syn::Error::new_spanned(written, message)
}

pub(super) fn wired_with(found: &str) -> String {
    format!("stages are wired with `>>`, not with `{found}`")
}
