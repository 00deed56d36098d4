use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{GenericArgument, Lifetime, Path, PathArguments, Type, TypeParamBound};

/// What keeps a type from being one that an item can have.
pub(super) enum Flaw {
    /// A lifetime other than `'static`.
    Borrow(TokenStream),
    /// `impl Trait`.
    Unnamed(TokenStream),
}

/// The first flaw anywhere inside a type. What function pointers and `Fn(..)` bounds take is not looked at.
pub(super) fn flaw(ty: &Type) -> Option<Flaw> {
    match ty {
        Type::Array(array) => flaw(&array.elem),
        Type::Group(group) => flaw(&group.elem),
        Type::ImplTrait(_) => Some(Flaw::Unnamed(ty.to_token_stream())),
        Type::Paren(paren) => flaw(&paren.elem),
        Type::Path(path) => {
            let qualified = path.qself.as_ref().and_then(|qself| flaw(&qself.ty));
            qualified.or_else(|| in_path(&path.path))
        }
        Type::Ptr(pointer) => flaw(&pointer.elem),
        Type::Reference(reference) => match &reference.lifetime {
            Some(lifetime) if is_static(lifetime) => flaw(&reference.elem),
            lifetime => {
                let and = reference.and_token;
                Some(Flaw::Borrow(quote!(#and #lifetime)))
            }
        },
        Type::Slice(slice) => flaw(&slice.elem),
        Type::TraitObject(object) => object.bounds.iter().find_map(in_bound),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(flaw),
        _ => None,
    }
}

pub(super) fn is_static(lifetime: &Lifetime) -> bool {
    lifetime.ident == "static"
}

fn in_lifetime(lifetime: &Lifetime) -> Option<Flaw> {
    (!is_static(lifetime)).then(|| Flaw::Borrow(lifetime.to_token_stream()))
}

fn in_bound(bound: &TypeParamBound) -> Option<Flaw> {
    match bound {
        TypeParamBound::Lifetime(lifetime) => in_lifetime(lifetime),
        TypeParamBound::Trait(bound) if bound.lifetimes.is_none() => in_path(&bound.path),
        _ => None,
    }
}

fn in_path(path: &Path) -> Option<Flaw> {
    path.segments
        .iter()
        .find_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(in_argument),
            _ => None,
        })
}

fn in_argument(argument: &GenericArgument) -> Option<Flaw> {
    match argument {
        GenericArgument::Lifetime(lifetime) => in_lifetime(lifetime),
        GenericArgument::Type(ty) => flaw(ty),
        GenericArgument::AssocType(assoc) => flaw(&assoc.ty),
        _ => None,
    }
}
