use quote::{ToTokens as _, quote};
use syn::{
    FnArg, GenericArgument, PatType, PathArguments, Signature, Type, TypeReference, parse_quote,
    parse_quote_spanned,
};

use super::borrow::{Flaw, flaw, is_static};
use super::{Ends, bare, is_named};
use crate::errors::Errors;

/// A parameter of the function.
pub(crate) enum Param {
    /// The item, or this part of it.
    Item(usize),
    /// `State<T>`: which of them it is, and its `T`.
    State(usize, Box<Type>),
    /// `&TaskContext`
    Context,
}

/// The item: one plain parameter, or the tuple of several.
pub(crate) struct Item {
    /// Its type, without a reference. A slice stands for a `Vec` of its elements.
    pub(crate) ty: Type,
    /// Whether the function takes it by reference.
    pub(crate) by_ref: bool,
    /// How many parameters it is spread over.
    pub(crate) parts: usize,
    /// Where its type was written.
    pub(crate) ends: Ends,
}

/// One parameter that is the item or a part of it.
struct Plain {
    ty: Type,
    by_ref: bool,
    written: Type,
}

enum Read {
    Plain(Box<Plain>),
    State(Box<Type>),
    Context,
}

/// Reads the parameters; none if one of them has no meaning.
pub(super) fn read(sig: &Signature, noun: &str, errors: &mut Errors) -> Option<(Item, Vec<Param>)> {
    let mut plain: Vec<Plain> = Vec::new();
    let mut params = Vec::new();
    let mut states = 0;
    let mut mistakes = Errors::default();
    for input in &sig.inputs {
        let FnArg::Typed(input) = input else { continue };
        match classify(input, noun) {
            Ok(Read::Plain(part)) => {
                params.push(Param::Item(plain.len()));
                plain.push(*part);
            }
            Ok(Read::State(ty)) => {
                params.push(Param::State(states, ty));
                states += 1;
            }
            Ok(Read::Context) if params.iter().any(|param| matches!(param, Param::Context)) => {
                mistakes.at(&input.ty, "the context is taken twice");
            }
            Ok(Read::Context) => params.push(Param::Context),
            Err(error) => mistakes.push(error),
        }
    }
    let item = if mistakes.is_empty() {
        item(sig, &plain, noun, &mut mistakes)
    } else {
        None
    };
    errors.append(mistakes);
    item.map(|item| (item, params))
}

fn item(sig: &Signature, plain: &[Plain], noun: &str, errors: &mut Errors) -> Option<Item> {
    let Some(first) = plain.first() else {
        let at = sig.paren_token.span.join();
        let name = &sig.ident;
        errors.at_span(
            at,
            format!("a {noun} takes an item: add a parameter for it, as in `{name}(item: T)`"),
        );
        return None;
    };
    if let Some(other) = plain.iter().find(|part| part.by_ref != first.by_ref) {
        errors.at(
            &other.written,
            "the parts of an item are taken alike: all by value, or all by reference",
        );
        return None;
    }
    let types = plain.iter().map(|part| &part.ty);
    let ty = if plain.len() == 1 {
        first.ty.clone()
    } else {
        parse_quote!((#(#types,)*))
    };
    let written = plain.iter().map(|part| &part.written);
    Some(Item {
        ty,
        by_ref: first.by_ref,
        parts: plain.len(),
        ends: Ends::of(quote!(#(#written)*)),
    })
}

fn classify(input: &PatType, noun: &str) -> syn::Result<Read> {
    if let Some(attr) = input.attrs.iter().find(|attr| attr.path().is_ident("cfg")) {
        return wrong(
            attr,
            format!("a parameter of a {noun} cannot depend on `cfg`: put it on the function"),
        );
    }
    let ty = bare(&input.ty);
    match ty {
        Type::Reference(reference) => classify_reference(reference, noun),
        _ if is_named(ty, "TaskContext") => {
            wrong(ty, "take the context by reference: `&TaskContext`")
        }
        _ => match state_of(ty) {
            Some(state) => owned(state, state, noun).map(|()| Read::State(Box::new(state.clone()))),
            None => match sized(ty) {
                Some(instead) => wrong(ty, format!("an item has a size: take {instead}")),
                None => owned(ty, ty, noun).map(|()| plain(ty.clone(), false, &input.ty)),
            },
        },
    }
}

/// What to take instead of a type that has no size, if this is one.
pub(super) fn sized(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Path(path) if path.path.is_ident("str") => Some("`&str` or `String`"),
        Type::Slice(_) => Some("`&[T]` or `Vec<T>`"),
        Type::TraitObject(_) => Some("a `Box<dyn ..>`"),
        _ => None,
    }
}

fn classify_reference(reference: &TypeReference, noun: &str) -> syn::Result<Read> {
    let target = bare(&reference.elem);
    let written = Type::Reference(reference.clone());
    if reference.mutability.is_some() {
        let message = format!(
            "a {noun} cannot borrow its item mutably: take it by value, change it and return it"
        );
        return wrong(reference, message);
    }
    if is_named(target, "TaskContext") {
        return Ok(Read::Context);
    }
    if state_of(target).is_some() {
        let target = target.to_token_stream().to_string().replace(' ', "");
        return wrong(reference, format!("take the state by value: `{target}`"));
    }
    if reference.lifetime.as_ref().is_some_and(is_static) {
        return owned(&written, &written, noun).map(|()| plain(written.clone(), false, &written));
    }
    let span = Ends::of(target).start;
    let ty = match target {
        Type::Path(path) if path.path.is_ident("str") => {
            parse_quote_spanned!(span=> ::std::string::String)
        }
        Type::TraitObject(_) => {
            return wrong(
                reference,
                "an item has a size: take a `Box<dyn ..>` by value",
            );
        }
        _ => {
            owned(target, reference, noun)?;
            target.clone()
        }
    };
    Ok(plain(ty, true, &written))
}

fn plain(ty: Type, by_ref: bool, written: &Type) -> Read {
    Read::Plain(Box::new(Plain {
        ty,
        by_ref,
        written: written.clone(),
    }))
}

/// Checks that an item can have this type.
fn owned(ty: &Type, written: impl quote::ToTokens, noun: &str) -> syn::Result<()> {
    match flaw(ty) {
        None => Ok(()),
        Some(Flaw::Unnamed(at)) => wrong(
            at,
            format!("a {noun} names the types it takes: `impl Trait` is not supported here"),
        ),
        Some(Flaw::Borrow(_)) => wrong(
            written,
            "an item owns what it holds, as it moves between workers: no lifetime but `'static` inside its type",
        ),
    }
}

/// The `T` of `State<T>`.
fn state_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path
        .path
        .segments
        .last()
        .filter(|last| last.ident == "State")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match (arguments.args.first(), arguments.args.len()) {
        (Some(GenericArgument::Type(state)), 1) => Some(state),
        _ => None,
    }
}

fn wrong<T>(at: impl quote::ToTokens, message: impl std::fmt::Display) -> syn::Result<T> {
    Err(syn::Error::new_spanned(at, message))
}
