use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Ident, Token};

use super::split::{Separator, Split, is_punct};

/// What stands between two `>>`, by its outer form.
pub(in crate::pipeline) enum Part {
    /// What a macro was given as an expression: it may hold several.
    Chain(TokenStream),
    /// `(a & b)`
    Fork(Split, Group),
    /// `{ Html => html, Pdf => pdf }`
    Route(Split, Group),
    /// Anything else.
    Expr(Box<Expr>),
}

/// A part that has a mistake.
pub(in crate::pipeline) struct Unread {
    pub(in crate::pipeline) error: syn::Error,
    /// What can be read of it.
    pub(in crate::pipeline) rest: Option<Box<Expr>>,
}

impl Part {
    /// Reads a part that is not empty. Nothing follows the last one of a pipeline.
    pub(in crate::pipeline) fn read(tokens: &[TokenTree], is_last: bool) -> Result<Self, Unread> {
        let unread = |error| Unread { error, rest: None };
        if let [TokenTree::Group(group), behind @ ..] = tokens
            && (behind.is_empty() || group.delimiter() != Delimiter::None)
            && let Some(part) = branches(group)
        {
            return match behind.first() {
                None => Ok(part),
                Some(dot) if is_punct(dot, '.') => Err(unread(syn::Error::new_spanned(
                    dot,
                    "branches have no settings: set those of their stages",
                ))),
                Some(_) => end(behind.iter().cloned().collect(), is_last)
                    .map_err(unread)
                    .map(|()| part),
            };
        }
        if let Some(error) = unfinished(tokens) {
            let all_but_last = &tokens[..tokens.len() - 1];
            let rest = syn::parse2(all_but_last.iter().cloned().collect()).ok();
            let rest = rest.map(Box::new);
            return Err(Unread { error, rest });
        }
        let parser = |input: ParseStream<'_>| {
            let expr = input.parse::<Expr>();
            // What is behind it is another mistake only if it could be read.
            let behind = input.parse::<TokenStream>()?;
            Ok((expr, behind))
        };
        let (expr, behind) = parser
            .parse2(tokens.iter().cloned().collect())
            .map_err(unread)?;
        let expr = expr.map_err(unread)?;
        match end(behind, is_last) {
            Ok(()) => Ok(Self::Expr(Box::new(expr))),
            Err(error) => Err(Unread {
                error,
                rest: Some(Box::new(expr)),
            }),
        }
    }
}

/// Branches, or what is handed through by a macro, if a group is one of these.
fn branches(group: &Group) -> Option<Part> {
    match group.delimiter() {
        Delimiter::None => {
            let tokens = group.stream();
            let holds_more = Split::of(tokens.clone(), Separator::Arrow).parts.len() > 1;
            let only = tokens.clone().into_iter().next();
            let is_group = matches!(only, Some(TokenTree::Group(_)));
            (holds_more || is_group).then_some(Part::Chain(tokens))
        }
        Delimiter::Parenthesis if begins_with_a_stage(group) => {
            let split = Split::of(group.stream(), Separator::Branch);
            (!split.separators.is_empty()).then(|| Part::Fork(split, group.clone()))
        }
        Delimiter::Brace if is_route(&group.stream()) => {
            let split = Split::of(group.stream(), Separator::Comma);
            Some(Part::Route(split, group.clone()))
        }
        _ => None,
    }
}

/// Whether what is in parentheses may be branches: no expression begins with its operator or its keyword.
fn begins_with_a_stage(group: &Group) -> bool {
    match group.stream().into_iter().next() {
        Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), ':' | '<'),
        Some(TokenTree::Ident(word)) => {
            let keywords = [
                "if", "match", "move", "async", "unsafe", "loop", "let", "return",
            ];
            !keywords.iter().any(|keyword| word == *keyword)
        }
        _ => true,
    }
}

/// Whether braces hold branches, as no block does.
fn is_route(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let pair = |pair: &[TokenTree], text: &str| {
        let joint =
            matches!(&pair[0], TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
        let mut chars = pair.iter().zip(text.chars());
        joint && chars.all(|(token, char)| is_punct(token, char))
    };
    let has_arms = tokens.windows(2).any(|two| pair(two, "=>"));
    let lists = match &tokens[..] {
        [] => true,
        [TokenTree::Ident(_), behind, ..] if is_punct(behind, ',') => true,
        [TokenTree::Ident(_), first, second, ..] => {
            is_punct(first, ':') && !is_punct(second, ':')
                || pair(&[first.clone(), second.clone()], "->")
        }
        _ => false,
    };
    has_arms || lists
}

/// A part that ends where its last name or setting should be.
fn unfinished(tokens: &[TokenTree]) -> Option<syn::Error> {
    let last = tokens.last()?;
    let message = if is_punct(last, '.') {
        "a setting is missing after this `.`, as in `fetch.workers(4)`"
    } else if is_punct(last, ':') {
        "a name is missing after this `::`"
    } else {
        return None;
    };
    Some(syn::Error::new_spanned(last, message))
}

/// Refuses what stands where `>>` or the end is expected.
fn end(behind: TokenStream, is_last: bool) -> syn::Result<()> {
    let mut tokens = behind.into_iter().peekable();
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
    let is_last = is_last && tokens.peek().is_none();
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

pub(in crate::pipeline) fn wired_with(found: &str) -> String {
    format!("stages are wired with `>>`, not with `{found}`")
}

/// `Html => `, and what the branch is made of.
pub(in crate::pipeline) struct Arm {
    pub(in crate::pipeline) variant: Ident,
    pub(in crate::pipeline) arrow: Token![=>],
    pub(in crate::pipeline) chain: TokenStream,
}

impl Arm {
    /// Reads one that is not empty.
    pub(in crate::pipeline) fn read(tokens: &[TokenTree]) -> syn::Result<Self> {
        let parser = |input: ParseStream<'_>| {
            if input.peek(Token![_]) {
                return Err(input.error(
                    "a route has a branch for every variant: name each of them instead of `_`",
                ));
            }
            let path = input.call(syn::Path::parse_mod_style).map_err(|error| {
                syn::Error::new(
                    error.span(),
                    "expected the name of a variant, as in `Html => parse`",
                )
            })?;
            let Some(variant) = path.segments.last().map(|last| last.ident.clone()) else {
                return Err(input.error("expected the name of a variant"));
            };
            if path.segments.len() > 1 || path.leading_colon.is_some() {
                let message = format!("a route knows its enum: write `{variant} => ..`");
                return Err(syn::Error::new_spanned(path, message));
            }
            arrow(&variant, input)
        };
        parser.parse2(tokens.iter().cloned().collect())
    }
}

fn arrow(variant: &Ident, input: ParseStream<'_>) -> syn::Result<Arm> {
    if input.is_empty() {
        let message = format!("`{variant}` has no branch: write `{variant} => ` and its stages");
        return Err(syn::Error::new_spanned(variant, message));
    }
    if let Ok(arrow) = input.parse::<Token![=>]>() {
        return Ok(Arm {
            variant: variant.clone(),
            arrow,
            chain: input.parse()?,
        });
    }
    let found: TokenTree = input.parse()?;
    let message = match &found {
        TokenTree::Group(_) => {
            format!("a branch takes what is in its variant: write `{variant} => ..`")
        }
        found if is_punct(found, '|') => "each variant has a branch of its own".to_owned(),
        _ => format!("expected `=>` between `{variant}` and its stages"),
    };
    Err(syn::Error::new_spanned(found, message))
}
