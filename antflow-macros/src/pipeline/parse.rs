use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, Expr, Ident, Path, Token, Type, Visibility};

use crate::args::default_crate_path;

/// What stands in `pipeline!`, behind `crate = path;`.
pub(super) struct Input {
    pub(super) krate: Path,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// `fetch >> parse`
    Chain(Box<Expr>),
    /// `pub Ingest: Url => RowId = fetch >> parse;`, any number of them
    Declared(Vec<Declared>),
}

/// A pipeline with a name.
pub(super) struct Declared {
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) name: Ident,
    pub(super) input: Type,
    pub(super) output: Type,
    pub(super) chain: Expr,
}

pub(super) fn parse(tokens: TokenStream) -> syn::Result<Input> {
    let parser = |input: ParseStream<'_>| {
        let krate = crate_path(input)?;
        if !is_declared(input) {
            let content = Content::Chain(Box::new(chain(input)?));
            end_of_chain(input)?;
            return Ok(Input { krate, content });
        }
        let mut declared = Vec::new();
        while !input.is_empty() {
            declared.push(input.parse()?);
        }
        let content = Content::Declared(declared);
        Ok(Input { krate, content })
    };
    parser.parse2(tokens)
}

/// Whether attributes, a visibility, or a name with a colon come next.
fn is_declared(input: ParseStream<'_>) -> bool {
    let named = input.peek(Ident) && input.peek2(Token![:]) && !input.peek2(Token![::]);
    named || input.peek(Token![#]) || input.peek(Token![pub])
}

impl Parse for Declared {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if input.peek(Token![struct]) {
            return Err(input.error("leave out `struct`: a pipeline is declared by its name alone"));
        }
        let name: Ident = input.parse()?;
        if input.peek(Token![<]) {
            return Err(input.error("a pipeline with a name has no parameters: name the types"));
        }
        let missing = |what: &str| {
            let message = format!("expected {what}, as in `{name}: Url => Row = fetch >> save;`");
            move |error: syn::Error| syn::Error::new(error.span(), message)
        };
        let colon = missing("`:` and the types at both ends");
        input.parse::<Token![:]>().map_err(colon)?;
        let first = input.parse()?;
        let arrow = missing("`=>` and what the pipeline gives");
        input.parse::<Token![=>]>().map_err(arrow)?;
        let last = input.parse()?;
        let equals = missing("`=` and the stages");
        input.parse::<Token![=]>().map_err(equals)?;
        let chain = chain(input)?;
        if !input.is_empty() && !input.peek(Token![;]) {
            end_of_chain(input)?;
        }
        input.parse::<Option<Token![;]>>()?;
        Ok(Self {
            attrs,
            vis,
            name,
            input: first,
            output: last,
            chain,
        })
    }
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

/// Refuses what stands where `>>` or the end is expected.
fn end_of_chain(input: ParseStream<'_>) -> syn::Result<()> {
    let mut tokens = input.parse::<TokenStream>()?.into_iter().peekable();
    let mut written = TokenStream::new();
    let mut text = String::new();
    for token in tokens.by_ref() {
        let joint = matches!(&token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
        text.push_str(&token.to_string());
        written.extend([token]);
        if !joint {
            break;
        }
    }
    let is_last = tokens.peek().is_none();
    let message = match &*text {
        "" => return Ok(()),
        "," | ";" if is_last => format!("nothing may follow the last stage: remove the `{text}`"),
        _ if text.starts_with(|c: char| c.is_ascii_punctuation() && !"_\"'({[".contains(c)) => {
            wired_with(&text)
        }
        _ => "expected `>>` in front of this".to_owned(),
    };
    Err(syn::Error::new_spanned(written, message))
}

pub(super) fn wired_with(found: &str) -> String {
    format!("stages are wired with `>>`, not with `{found}`")
}
