use proc_macro2::{Spacing, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, Expr, Ident, Path, Token, Type, Visibility};

use crate::args::{default_crate_path, imported};

/// What stands in `pipeline!`, behind `crate = path;`.
pub(super) struct Input {
    pub(super) krate: Path,
    /// What makes the path one that leads to the crate.
    pub(super) import: TokenStream,
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
    /// What stands behind the name, or what is wrong with it.
    pub(super) body: syn::Result<Body>,
}

pub(super) struct Body {
    pub(super) input: Type,
    pub(super) output: Type,
    pub(super) chain: Expr,
}

/// Reads the input; on a mistake, also the stages that can be read all the same.
pub(super) fn parse(tokens: TokenStream) -> Result<Input, Unread> {
    let parser = |input: ParseStream<'_>| {
        let (krate, import) = imported(crate_path(input)?);
        let content = if is_declared(input) {
            let mut declared = Vec::new();
            while !input.is_empty() {
                declared.push(input.parse()?);
            }
            Ok(Content::Declared(declared))
        } else {
            let tokens: TokenStream = input.parse()?;
            let chain = chain(tokens.clone(), Span::call_site());
            chain
                .map(|chain| Content::Chain(Box::new(chain)))
                .map_err(|error| Unread {
                    stages: readable(tokens),
                    error,
                })
        };
        Ok(content.map(|content| Input {
            krate,
            import,
            content,
        }))
    };
    parser.parse2(tokens).unwrap_or_else(|error| {
        Err(Unread {
            stages: Vec::new(),
            error,
        })
    })
}

/// Input that has a mistake.
pub(super) struct Unread {
    pub(super) error: syn::Error,
    pub(super) stages: Vec<Expr>,
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
        let mut tokens = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![;]) {
            tokens.extend([input.parse::<TokenTree>()?]);
        }
        let end: Option<Token![;]> = input.parse()?;
        let end = end.map_or_else(|| name.span(), |end| end.span);
        let body = body(&name, tokens, end);
        Ok(Self {
            attrs,
            vis,
            name,
            body,
        })
    }
}

/// Reads what stands between the name of a pipeline and the semicolon.
fn body(name: &Ident, tokens: TokenStream, end: Span) -> syn::Result<Body> {
    let parser = |input: ParseStream<'_>| {
        if input.peek(Token![<]) {
            return Err(input.error("a pipeline with a name has no parameters: name the types"));
        }
        let missing = |what: &str| {
            let message = format!("expected {what}, as in `{name}: Url => Row = fetch >> save;`");
            let at = if input.is_empty() { end } else { input.span() };
            syn::Error::new(at, message)
        };
        if !input.peek(Token![:]) {
            return Err(missing("`:` and the types at both ends"));
        }
        input.parse::<Token![:]>()?;
        if input.is_empty() || input.peek(Token![=>]) {
            return Err(missing("the type that the pipeline takes"));
        }
        let first = input.parse()?;
        if !input.peek(Token![=>]) {
            return Err(missing("`=>` and what the pipeline gives"));
        }
        input.parse::<Token![=>]>()?;
        if input.is_empty() || input.peek(Token![=]) {
            return Err(missing("the type that the pipeline gives"));
        }
        let last = input.parse()?;
        if !input.peek(Token![=]) {
            return Err(missing("`=` and the stages"));
        }
        input.parse::<Token![=]>()?;
        let chain = chain(input.parse()?, end)?;
        Ok(Body {
            input: first,
            output: last,
            chain,
        })
    };
    parser.parse2(tokens)
}

/// Reads `crate = path;` if it is there.
fn crate_path(input: ParseStream<'_>) -> syn::Result<Path> {
    if !(input.peek(Token![crate]) && input.peek2(Token![=])) {
        return Ok(default_crate_path());
    }
    input.parse::<Token![crate]>()?;
    input.parse::<Token![=]>()?;
    let krate = input.call(Path::parse_mod_style)?;
    input.parse::<Token![;]>()?;
    Ok(krate)
}

/// Reads stages joined by `>>`, with a better word for what is missing in them. `end` is where they should be.
fn chain(tokens: TokenStream, end: Span) -> syn::Result<Expr> {
    if tokens.is_empty() {
        let message = "a pipeline has at least one stage, as in `pipeline!(fetch >> save)`";
        return Err(syn::Error::new(end, message));
    }
    let missing = missing_stage(tokens.clone());
    let parser = |input: ParseStream<'_>| {
        let chain = input.parse().map_err(|error| missing.unwrap_or(error))?;
        end_of_chain(input)?;
        Ok(chain)
    };
    parser.parse2(tokens)
}

/// What can be read of stages that cannot be read as a whole: editors still know what their names mean.
fn readable(tokens: TokenStream) -> Vec<Expr> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        let last = parts.last_mut().expect("there is one from the start");
        match last.last().map(|first| is_arrow(&[first, &token])) {
            Some(true) => {
                last.pop();
                parts.push(Vec::new());
            }
            _ => last.push(token),
        }
    }
    let read = |mut part: Vec<TokenTree>| {
        if part.last().is_some_and(|last| is_punct(last, '.')) {
            part.pop();
        }
        syn::parse2(part.into_iter().collect()).ok()
    };
    parts.into_iter().filter_map(read).collect()
}

/// The first `>>` that has no stage on one of its sides.
fn missing_stage(tokens: TokenStream) -> Option<syn::Error> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let unfinished = [
        (
            '.',
            "a setting is missing after this `.`, as in `fetch.workers(4)`",
        ),
        (':', "a name is missing after this `::`"),
    ];
    if let Some(last) = tokens.last()
        && let Some((_, message)) = unfinished.iter().find(|(end, _)| is_punct(last, *end))
    {
        return Some(syn::Error::new_spanned(last, message));
    }
    let mut previous_is_stage = false;
    let mut index = 0;
    while index < tokens.len() {
        let pair = tokens.get(index..index + 2);
        let Some([first, second]) = pair.filter(|pair| is_arrow(&[&pair[0], &pair[1]])) else {
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

fn is_arrow(pair: &[&TokenTree; 2]) -> bool {
    let joint = matches!(pair[0], TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
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
