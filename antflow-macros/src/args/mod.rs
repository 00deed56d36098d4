//! The keys of an attribute: `#[stage(workers = 4, ordered, retry = "per_task")]`.
//!
//! [`Args`] holds what was written, each key with its place; the other modules read values out of it. A mistake is added
//! to the [`Errors`] and the key counts as given, so that one mistake does not cause another.

mod hook;
mod number;
mod parse;
mod suggest;
mod text;
mod time;
mod written;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Expr, Ident, Lit, Path};

pub(crate) use self::number::check_count;
pub(crate) use self::suggest::nearest;
pub(crate) use self::time::{Time, Zero, check_time};
pub(crate) use self::written::{Setting, written};
use crate::errors::Errors;
use crate::signature::Ends;

/// Which keys an attribute takes.
pub(crate) struct Keys {
    /// The attribute's name.
    pub(crate) attribute: &'static str,
    /// The keys that it takes.
    pub(crate) known: &'static [&'static str],
    /// Keys of a related attribute, with what to say about them.
    pub(crate) foreign: Option<(&'static [&'static str], &'static str)>,
}

/// The keys that were given, in the order of the source.
pub(crate) struct Args(Vec<Entry>);

struct Entry {
    key: Ident,
    value: Value,
}

enum Value {
    /// The key stands alone.
    None,
    /// `key = value`
    Given(Box<Expr>),
    /// A mistake that was reported.
    Broken,
}

impl Args {
    /// Reads an attribute's arguments.
    pub(crate) fn parse(tokens: TokenStream, keys: &Keys, errors: &mut Errors) -> Self {
        parse::parse(tokens, keys, errors)
    }

    /// The key as it was written, if it was.
    pub(crate) fn key(&self, name: &str) -> Option<&Ident> {
        self.entry(name).map(|entry| &entry.key)
    }

    /// The first of these keys that was given.
    pub(crate) fn first_of(&self, names: &[&str]) -> Option<&Ident> {
        self.0
            .iter()
            .map(|entry| &entry.key)
            .find(|key| names.iter().any(|name| *key == name))
    }

    /// The path of the antflow crate, `crate = path` or `::antflow`, and what has to be imported for it.
    pub(crate) fn crate_path(&self, errors: &mut Errors) -> (Path, TokenStream) {
        let path = match self.value("crate", errors) {
            Some(Expr::Path(path)) if path.qself.is_none() => path.path.clone(),
            Some(other) => {
                errors.at(other, "`crate` takes the path of the antflow crate, as in `crate = my_crate::antflow`");
                default_crate_path()
            }
            None => default_crate_path(),
        };
        imported(path)
    }

    /// `.key(value)` if there is a value. The method has the place of the key, for messages and for editors.
    pub(crate) fn setter(&self, name: &str, value: Option<TokenStream>) -> Option<TokenStream> {
        let key = self.key(name)?;
        value.map(|value| quote!(.#key(#value)))
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == name)
    }

    /// The value of a key that needs one.
    fn value(&self, name: &str, errors: &mut Errors) -> Option<&Expr> {
        let entry = self.entry(name)?;
        match &entry.value {
            Value::Given(value) => return Some(ungrouped(value)),
            Value::None => errors.at(&entry.key, format!("`{name}` needs a value: `{name} = ..`")),
            Value::Broken => {}
        }
        None
    }
}

/// The crate when `crate` is not given.
pub(crate) fn default_crate_path() -> Path {
    syn::parse_quote!(::antflow)
}

/// A crate path that was given, under a name of its own: `use path as __antflow;` in front of what refers to it. A path
/// that leads nowhere is then one error, at the path.
pub(crate) fn imported(path: Path) -> (Path, TokenStream) {
    let is_default = path.leading_colon.is_some() && path.segments.len() == 1;
    if is_default && path.segments[0].ident == "antflow" {
        return (path, TokenStream::new());
    }
    let import = quote_spanned!(Ends::of(&path).end=> use #path as __antflow;);
    (syn::parse_quote!(__antflow), import)
}

/// The literal that an expression is, if it is one.
fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(literal) => Some(&literal.lit),
        _ => None,
    }
}

/// What a fragment of a `macro_rules!` macro holds.
pub(crate) fn ungrouped(mut value: &Expr) -> &Expr {
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    value
}
