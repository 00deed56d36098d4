use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ExprPath;

use super::Handle;
use crate::signature::{Ends, Output, Param, Shape};

impl Handle<'_> {
    /// `Task`: how the task is named and bounded, and how it takes its item.
    pub(super) fn impl_task(
        &self,
        config: &TokenStream,
        retry_if: Option<&ExprPath>,
    ) -> TokenStream {
        let krate = self.krate;
        let name = self.name;
        let applied = &self.params.applied;
        let generics = self.params.declared_with(&TokenStream::new());
        let clause = self.params.clause(&TokenStream::new());
        let error = self.error();
        let by_ref = self.shape.is_some_and(|shape| shape.item.by_ref);
        let passing = if by_ref {
            quote!(ByRef)
        } else {
            quote!(ByValue)
        };
        let is_retryable = retry_if.map(|path| {
            let error = Ident::new("error", Span::mixed_site());
            let call = quote_spanned!(Ends::of(path).start=> #path(#error));
            quote! {
                fn is_retryable(&self, #error: &<Self as #krate::Task>::Error) -> bool {
                    #call
                }
            }
        });
        quote! {
            impl #generics #krate::Task for #name #applied #clause {
                type Error = #error;
                type Passing = #krate::__private::#passing;

                fn config(&self) -> #krate::TaskConfig {
                    #config
                }

                #is_retryable
            }
        }
    }

    /// `Call`: the call of the function.
    pub(super) fn impl_call(&self) -> TokenStream {
        let krate = self.krate;
        let name = self.name;
        let applied = &self.params.applied;
        let generics = self.params.declared_with(&quote!(__State));
        let clause = self.state_clause();
        let at = self.return_span();
        let (input, body) = match self.shape {
            Some(shape) => (parameter(shape), self.body(shape, at)),
            None => (
                quote!(<Self as #krate::Signature>::Input),
                quote!(::core::unreachable!()),
            ),
        };
        let [item, cx, state] = self.used_arguments();
        let future = quote_spanned! {at=>
            impl ::core::future::Future<
                Output = ::core::result::Result<
                    <Self as #krate::Signature>::Output,
                    <Self as #krate::Task>::Error,
                >,
            > + ::core::marker::Send + '__call
        };
        let body = quote_spanned!(at=> async move { #body });
        quote! {
            impl #generics #krate::__private::Call<__State> for #name #applied #clause {
                fn call<'__call>(
                    &'__call self,
                    #item: #input,
                    #cx: &'__call #krate::TaskContext,
                    #state: &'__call __State,
                ) -> #future {
                    #body
                }
            }
        }
    }

    /// The `where` of an impl for a pipeline's state: that the state holds what the function takes.
    pub(crate) fn state_clause(&self) -> TokenStream {
        let krate = self.krate;
        let name = self.name;
        let applied = &self.params.applied;
        let states = self
            .shape
            .into_iter()
            .flat_map(|shape| &shape.params)
            .filter_map(|param| match param {
                Param::State(ty) => {
                    Some(quote!(#ty: #krate::__private::StateFor<#name #applied, __State>,))
                }
                _ => None,
            });
        self.params.clause(&quote! {
            __State: ::core::marker::Send + ::core::marker::Sync + 'static,
            #(#states)*
        })
    }

    fn body(&self, shape: &Shape, at: Span) -> TokenStream {
        let krate = self.krate;
        let name = self.name;
        let applied = &self.params.applied;
        let turbofish = self.params.turbofish();
        if !shape.callable {
            return quote!(::core::unreachable!());
        }
        let [item, cx, state] = arguments();
        let arguments = shape.params.iter().map(|param| match param {
            Param::Item(_) if shape.item.parts == 1 => quote!(#item),
            Param::Item(part) => {
                let part = syn::Index::from(*part);
                let and = shape.item.by_ref.then(|| quote!(&));
                quote!(#and #item.#part)
            }
            Param::State(ty) => quote! {
                #krate::State(
                    <#ty as #krate::__private::StateFor<#name #applied, __State>>::from_state(#state)
                )
            },
            Param::Context => quote!(#cx),
        });
        let called = quote_spanned!(at=> #name #turbofish(#(#arguments),*).await);
        match shape.output {
            Output::Result(_) => quote!(#krate::__private::Fallible::into_result(#called)),
            Output::Plain(_) => quote!(::core::result::Result::Ok(#called)),
            Output::Unit => quote!(::core::result::Result::Ok({ #called; })),
        }
    }

    /// The arguments of `call`, `_` for those that the function does not take.
    fn used_arguments(&self) -> [TokenStream; 3] {
        let params = match self.shape {
            Some(shape) if shape.callable => &*shape.params,
            _ => &[],
        };
        let used = [
            params.iter().any(|param| matches!(param, Param::Item(_))),
            params.iter().any(|param| matches!(param, Param::Context)),
            params.iter().any(|param| matches!(param, Param::State(_))),
        ];
        let mut used = used.into_iter();
        arguments().map(|name| {
            if used.next() == Some(true) {
                quote!(#name)
            } else {
                quote!(_)
            }
        })
    }

    /// Where a future that is not `Send` is underlined.
    fn return_span(&self) -> Span {
        let ty = self.shape.and_then(|shape| shape.output.ty());
        ty.map_or_else(|| self.name.span(), |ty| Ends::of(ty).start)
    }
}

fn parameter(shape: &Shape) -> TokenStream {
    let item = &shape.item.ty;
    if shape.item.by_ref {
        quote!(&'__call #item)
    } else {
        item.clone()
    }
}

/// The names of the item, the context and the state, which the user's code cannot meet.
fn arguments() -> [Ident; 3] {
    ["item", "cx", "state"].map(|name| Ident::new(name, Span::mixed_site()))
}
