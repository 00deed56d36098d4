//! What the signature of an annotated function says: its item, its other parameters, its output.
//!
//! Only the signature is parsed. The body may be unfinished, and is never printed again.

mod borrow;
mod generics;
mod output;
mod params;
mod span;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, ExprPath, FnArg, Safety, Signature, Type, Visibility, parse_quote};

pub(crate) use self::generics::Params;
pub(crate) use self::output::Output;
pub(crate) use self::params::{Item, Param};
pub(crate) use self::span::{Ends, crate_at, respanned};
use crate::errors::Errors;

/// An annotated function.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// Its body, which may be unfinished.
    body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            sig: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl Function {
    /// Reads an annotated item; none, with the reason, if it is no function that can be a stage or a task.
    pub(crate) fn read(item: &TokenStream, noun: &str, errors: &mut Errors) -> Option<Self> {
        let function = match syn::parse2::<Self>(item.clone()) {
            Ok(function) => function,
            Err(error) => {
                errors.push(wrong_item(item, noun).unwrap_or(error));
                return None;
            }
        };
        if let Some(receiver) = function.sig.receiver() {
            errors.at(
                receiver,
                format!("a {noun} is a free function: it cannot take `self`"),
            );
            return None;
        }
        if let Some(other) = function.attrs.iter().find(|attr| is_ours(attr)) {
            errors.at(
                other,
                "a function is a stage or a task, once: remove one of the attributes",
            );
            return None;
        }
        Some(function)
    }

    /// The annotated item, as it is.
    ///
    /// What has no size is borrowed: that it has none was reported, and the compiler would find it again.
    pub(crate) fn emitted(&self, item: &TokenStream) -> TokenStream {
        let mut sig = self.sig.clone();
        let types = sig.inputs.iter_mut().filter_map(|input| match input {
            FnArg::Typed(input) => Some(&mut *input.ty),
            FnArg::Receiver(_) => None,
        });
        let mut unsized_types = types
            .filter(|ty| params::sized(bare(ty)).is_some())
            .peekable();
        if unsized_types.peek().is_none() {
            return item.clone();
        }
        for ty in unsized_types {
            *ty = parse_quote!(&#ty);
        }
        let Self {
            attrs, vis, body, ..
        } = self;
        quote!(#(#attrs)* #vis #sig #body)
    }
}

/// Whether this is `#[stage]` or `#[task]`.
fn is_ours(attr: &Attribute) -> bool {
    let path: Vec<_> = attr
        .path()
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    match &*path {
        [name] => name == "stage" || name == "task",
        [krate, name] => krate == "antflow" && (name == "stage" || name == "task"),
        _ => false,
    }
}

/// Says what the attribute goes on, if the item is something else than a function.
fn wrong_item(item: &TokenStream, noun: &str) -> Option<syn::Error> {
    let keyword = |token: &TokenTree| match token {
        TokenTree::Ident(ident) => {
            let keywords = [
                "enum", "impl", "trait", "mod", "struct", "union", "use", "type", "static",
                "const", "fn",
            ];
            keywords.iter().any(|keyword| ident == keyword)
        }
        _ => false,
    };
    let found = item.clone().into_iter().find(keyword)?;
    let place = match noun {
        "stage" => "an `async fn`, or on a `struct` that lists tasks",
        _ => "an `async fn`",
    };
    let has_fn = |token: TokenTree| matches!(token, TokenTree::Ident(ident) if ident == "fn");
    let is_function = found.to_string() == "fn"
        || found.to_string() == "const" && item.clone().into_iter().any(has_fn);
    (!is_function).then(|| syn::Error::new(found.span(), format!("`#[{noun}]` goes on {place}")))
}

/// The meaning of a signature.
pub(crate) struct Shape {
    pub(crate) item: Item,
    pub(crate) params: Vec<Param>,
    pub(crate) output: Output,
    /// Whether the function can be called and awaited.
    pub(crate) callable: bool,
}

impl Shape {
    /// Reads a signature; none if its types have no meaning. `noun` is what the function is: a stage or a task.
    pub(crate) fn of(sig: &Signature, noun: &str, errors: &mut Errors) -> Option<Self> {
        let callable = check_qualifiers(sig, noun, errors);
        let mut wrong = Errors::default();
        generics::check(&sig.generics, noun, &mut wrong);
        let shape = if wrong.is_empty() {
            let params = params::read(sig, noun, &mut wrong);
            let output = output::read(sig, noun, callable, &mut wrong);
            params.zip(output)
        } else {
            None
        };
        errors.append(wrong);
        shape.map(|((item, params), output)| Self {
            item,
            params,
            output,
            callable,
        })
    }
}

impl Shape {
    /// Takes a `retry_if`, unless the function returns no error that it could look at.
    pub(crate) fn retry_if<'a>(
        &self,
        path: Option<&'a ExprPath>,
        noun: &str,
        errors: &mut Errors,
    ) -> Option<&'a ExprPath> {
        let path = path?;
        if matches!(self.output, Output::Result(_)) {
            return Some(path);
        }
        errors.at(
            path,
            format!("`retry_if` looks at an error, and this {noun} returns no `Result<..>`"),
        );
        None
    }
}

fn check_qualifiers(sig: &Signature, noun: &str, errors: &mut Errors) -> bool {
    let mut callable = true;
    if sig.asyncness.is_none() {
        errors.at(
            sig.fn_token,
            format!(
                "a {noun} function must be `async`: write `async fn {}`",
                sig.ident
            ),
        );
        callable = false;
    }
    if let Safety::Unsafe(unsafety) = &sig.safety {
        errors.at(
            unsafety,
            format!("a {noun} function cannot be `unsafe`: wrap the unsafe code inside it"),
        );
        callable = false;
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, format!("a {noun} function cannot be `extern`"));
        callable = false;
    }
    callable
}

/// A type without invisible groups and parentheses around it.
pub(crate) fn bare(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

/// Whether a type is a path that ends in `name`.
fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}
