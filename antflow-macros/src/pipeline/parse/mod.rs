//! What is written in `pipeline!`.

mod part;
mod split;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, Ident, Path, Token, Type, Visibility};

pub(super) use self::part::{Arm, Part, Unread, wired_with};
pub(super) use self::split::{Separator, Split};

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
    Chain(TokenStream),
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
    pub(super) chain: TokenStream,
    /// Where the stages should be, if there are none.
    pub(super) end: Span,
}

/// Reads the input, and leaves the stages as they are.
pub(super) fn parse(tokens: TokenStream) -> syn::Result<Input> {
    let parser = |input: ParseStream<'_>| {
        let (krate, import) = imported(crate_path(input)?);
        let content = if is_declared(input) {
            let mut declared = Vec::new();
            while !input.is_empty() {
                declared.push(input.parse()?);
            }
            Content::Declared(declared)
        } else {
            Content::Chain(input.parse()?)
        };
        Ok(Input {
            krate,
            import,
            content,
        })
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
        Ok(Body {
            input: first,
            output: last,
            chain: input.parse()?,
            end,
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
