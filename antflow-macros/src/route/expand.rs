use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{GenericParam, Generics};

use super::parse::{Routed, Way, parse};
use crate::errors::{Errors, guard};
use crate::signature::{Ends, crate_at};

/// Expands `#[derive(Route)] item`.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    guard(&TokenStream::new(), || {
        let mut errors = Errors::default();
        match parse(item, &mut errors) {
            Ok(routed) if errors.is_empty() => whole(&routed),
            Ok(routed) => mistaken(&routed, &errors),
            Err(error) => {
                errors.push(error);
                quote!(#errors)
            }
        }
    })
}

/// `Route` for an enum, and the builder of its branches.
fn whole(routed: &Routed) -> TokenStream {
    let import = &routed.import;
    let builder = Builder::of(routed);
    let declaration = builder.declaration();
    let route = builder.route();
    let methods = (0..routed.ways.len()).map(|index| builder.method(index));
    let exhaustive = builder.exhaustive();
    quote! {
        const _: () = {
            #import
            #declaration
            #route
            #(#methods)*
            // In a scope of its own, so that its names hide no type of a variant.
            const _: () = { #exhaustive };
        };
    }
}

/// `Route` of what is a mistake: the compiler says nothing about its uses.
fn mistaken(routed: &Routed, errors: &Errors) -> TokenStream {
    let Routed { krate, import, .. } = routed;
    let routes = quote!(<[(); { #errors }] as #krate::Signature>::Input);
    let body = quote! {
        type Routes = #routes;
        const VARIANTS: usize = 0;
        fn routes() -> Self::Routes { ::core::unreachable!() }
        fn variant(&self) -> usize { ::core::unreachable!() }
        fn visit(self, _: impl #krate::stage::Visit) { ::core::unreachable!() }
    };
    let route = Params::of(&routed.generics).implement_route(routed, &body);
    quote!(const _: () = { #import #route };)
}

/// Parameters of an enum, as impls and the builder need them.
struct Params {
    /// `T: Bound, const N: usize,`
    declared: TokenStream,
    /// `T, N,`
    applied: TokenStream,
    /// `T: Send + 'static,` and what the enum says
    predicates: TokenStream,
    /// What the builder has to name.
    types: Vec<Ident>,
}

impl Params {
    fn of(generics: &Generics) -> Self {
        let mut params = Self {
            declared: TokenStream::new(),
            applied: TokenStream::new(),
            predicates: TokenStream::new(),
            types: Vec::new(),
        };
        for param in &generics.params {
            let (declared, name) = match param {
                // It is a mistake, which the others do not need to know.
                GenericParam::Lifetime(_) => {
                    params.applied.extend(quote!('static,));
                    continue;
                }
                GenericParam::Type(param) => {
                    let (name, colon, bounds) = (&param.ident, &param.colon_token, &param.bounds);
                    params
                        .predicates
                        .extend(quote!(#name: ::core::marker::Send + 'static,));
                    params.types.push(name.clone());
                    (quote!(#name #colon #bounds), name.to_token_stream())
                }
                GenericParam::Const(param) => {
                    let (name, ty) = (&param.ident, &param.ty);
                    (quote!(const #name: #ty), name.to_token_stream())
                }
            };
            params.declared.extend(quote!(#declared,));
            params.applied.extend(quote!(#name,));
        }
        if let Some(clause) = &generics.where_clause {
            let written = clause.predicates.iter();
            params.predicates.extend(quote!(#(#written,)*));
        }
        params
    }

    fn implement_route(&self, routed: &Routed, body: &TokenStream) -> TokenStream {
        let Routed { krate, name, .. } = routed;
        let Self {
            declared,
            applied,
            predicates,
            ..
        } = self;
        quote_spanned! {name.span()=>
            #[automatically_derived]
            #[allow(deprecated, private_interfaces)]
            impl<#declared> #krate::Route for #name<#applied> where #predicates { #body }
        }
    }
}

/// The type that has a method for each variant.
struct Builder<'a> {
    routed: &'a Routed,
    params: Params,
    name: Ident,
    /// A parameter for each variant, which says whether it has its branch.
    flags: Vec<Ident>,
}

impl<'a> Builder<'a> {
    fn of(routed: &'a Routed) -> Self {
        let flags = 0..routed.ways.len();
        Self {
            routed,
            params: Params::of(&routed.generics),
            name: format_ident!("{}Routes", routed.name.unraw(), span = routed.name.span()),
            flags: flags.map(|index| format_ident!("__V{index}")).collect(),
        }
    }

    fn declaration(&self) -> TokenStream {
        let krate = &self.routed.krate;
        let (name, types) = (&self.name, &self.params.types);
        let declared = &self.params.declared;
        // The compiler names them in its messages.
        let variants: Vec<_> = self.routed.ways.iter().map(|way| &way.name).collect();
        let is_taken = |name: &Ident| name == "Branches" || types.contains(name);
        let flags: Vec<_> = match variants.iter().any(|name| is_taken(name)) {
            true => self.flags.iter().collect(),
            false => variants,
        };
        quote_spanned! {name.span()=>
            #[doc(hidden)]
            #[allow(missing_debug_implementations, non_camel_case_types, unreachable_pub)]
            pub struct #name<
                #declared Branches = #krate::chain::NoWay, #(#flags = #krate::chain::NotTaken),*
            > {
                ways: #krate::chain::Collected<Branches>,
                of: ::core::marker::PhantomData<(#(fn(&#types),)* #(#flags,)*)>,
            }
        }
    }

    fn route(&self) -> TokenStream {
        let krate = &self.routed.krate;
        let (name, applied) = (&self.name, &self.params.applied);
        let ways = &self.routed.ways;
        let count = ways.len();
        let variants = ways.iter().enumerate().map(|(index, way)| {
            let variant = &way.name;
            quote!(Self::#variant { .. } => #index)
        });
        let visits = ways.iter().map(|way| {
            let Way {
                name,
                pattern,
                value,
                ..
            } = way;
            let visit = quote_spanned!(name.span()=> visit.visit(#value));
            quote!(Self::#name #pattern => #visit)
        });
        let body = quote! {
            type Routes = #name<#applied>;

            const VARIANTS: usize = #count;

            fn routes() -> Self::Routes {
                #name {
                    ways: #krate::chain::Collected::none(),
                    of: ::core::marker::PhantomData,
                }
            }

            fn variant(&self) -> usize {
                match self { #(#variants,)* }
            }

            fn visit(self, visit: impl #krate::stage::Visit) {
                match self { #(#visits,)* }
            }
        };
        self.params.implement_route(self.routed, &body)
    }

    /// The method that takes the branch of a variant.
    fn method(&self, index: usize) -> TokenStream {
        let krate = &self.routed.krate;
        let Way { name, takes, .. } = &self.routed.ways[index];
        let Params {
            declared,
            applied,
            predicates,
            ..
        } = &self.params;
        let open: Vec<_> = self
            .flags
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != index)
            .collect();
        let open = open.into_iter().map(|(_, flag)| flag);
        let flags = |chosen: &str| {
            let chosen = format_ident!("{chosen}");
            let flags = self
                .flags
                .iter()
                .enumerate()
                .map(move |(at, flag)| match at == index {
                    true => quote!(#krate::chain::#chosen),
                    false => quote!(#flag),
                });
            quote!(#(#flags),*)
        };
        let (before, after) = (flags("NotTaken"), flags("Taken"));
        let builder = &self.name;
        let span = Ends::of(takes).start;
        let start = quote_spanned!(span=> #krate::chain::Start<#takes>);
        let begins = quote_spanned!(span=> #krate::chain::Begins<#takes>);
        quote_spanned! {name.span()=>
            #[allow(deprecated, dead_code, non_snake_case, private_interfaces, unreachable_pub)]
            impl<#declared __R: #krate::chain::Routes, #(#open),*> #builder<#applied __R, #before>
            where
                #predicates
            {
                pub fn #name<__B: #krate::chain::Line>(
                    self,
                    branch: impl ::core::ops::FnOnce(#start) -> #krate::Pipeline<__B, #begins>,
                ) -> #builder<#applied #krate::chain::Ways<__R, __B>, #after> {
                    #builder {
                        ways: self.ways.with(#index, branch),
                        of: ::core::marker::PhantomData,
                    }
                }
            }
        }
    }

    /// That every variant has its branch. The compiler says which one has none by a type of its name.
    fn exhaustive(&self) -> TokenStream {
        let (name, flags) = (&self.name, &self.flags);
        let krate = crate_at(&self.routed.krate, name.span());
        let Params {
            declared, applied, ..
        } = &self.params;
        let variants = self.routed.ways.iter().map(|way| &way.name);
        // The module is in the messages where there is another type of the name.
        let names = variants.clone();
        let of = format_ident!("{}Variants", self.routed.name.unraw());
        let markers = quote_spanned! {name.span()=>
            #[allow(dead_code, non_camel_case_types, non_snake_case, unreachable_pub)]
            mod #of {
                #(#[derive(::core::fmt::Debug)] pub enum #names {})*
            }
        };
        quote_spanned! {name.span()=>
            #markers

            impl<
                #declared __R: #krate::chain::Routes,
                #(#flags: #krate::chain::HasBranch<#of::#variants>),*
            > #krate::chain::Exhaustive for #name<#applied __R, #(#flags),*>
            {
                type Ways = __R;

                fn into_ways(self) -> #krate::chain::Collected<__R> {
                    self.ways
                }
            }
        }
    }
}
