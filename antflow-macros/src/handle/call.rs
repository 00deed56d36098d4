use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ExprPath;

use super::Handle;
use crate::signature::{Ends, Output, Param, Shape, crate_at};

impl Handle<'_> {
    /// `Task`: how the task is named and bounded, and how it takes its item.
    pub(super) fn impl_task(
        &self,
        config: &TokenStream,
        retry_if: Option<&ExprPath>,
    ) -> TokenStream {
        let krate = self.krate;
        let error = self.error();
        let by_ref = self.shape.is_some_and(|shape| shape.item.by_ref);
        let passing = if by_ref {
            quote!(ByRef)
        } else {
            quote!(ByValue)
        };
        let is_retryable = retry_if.map(|path| {
            let at = Ends::of(path).start;
            let error = Ident::new("__error", at);
            let call = quote_spanned!(at=> #path(#error));
            quote! {
                fn is_retryable(&self, #error: &<Self as #krate::Task>::Error) -> bool {
                    #call
                }
            }
        });
        let body = quote! {
            type Error = #error;
            type Passing = #krate::__private::#passing;

            fn config(&self) -> #krate::TaskConfig {
                #config
            }

            #is_retryable
        };
        self.target().implement(&quote!(#krate::Task), &body)
    }

    /// `Call`: the call of the function.
    pub(super) fn impl_call(&self) -> TokenStream {
        let krate = self.krate;
        let at = self.return_span();
        let by_ref = self.shape.is_some_and(|shape| shape.item.by_ref);
        let and = by_ref.then(|| quote!(&'__call));
        let body = match self.shape {
            Some(shape) => self.body(shape, at),
            None => quote!(::core::unreachable!()),
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
        let body = self.if_send(&body, at);
        let call = quote! {
            fn call<'__call>(
                &'__call self,
                #item: #and <Self as #krate::Signature>::Input,
                #cx: &'__call #krate::TaskContext,
                #state: &'__call __State,
            ) -> #future {
                #body
            }
        };
        let head = quote!(#krate::__private::Call<__State>);
        self.target()
            .implement_for_state(&head, &self.state_predicates(), &call)
    }

    fn body(&self, shape: &Shape, at: Span) -> TokenStream {
        let krate = self.krate;
        let name = self.name;
        let handle = self.target().ty();
        let turbofish = self.params.turbofish();
        if !shape.callable {
            return quote!(::core::unreachable!());
        }
        let [item, cx, state] = self.arguments();
        let arguments = shape.params.iter().map(|param| match param {
            Param::Item(_) if shape.item.parts == 1 => quote!(#item),
            Param::Item(part) => {
                let part = syn::Index::from(*part);
                let and = shape.item.by_ref.then(|| quote!(&));
                quote!(#and #item.#part)
            }
            Param::State(index, ty) => {
                let part = self.part(*index, Ends::of(ty).start);
                quote! {
                    #krate::State(
                        <#part as #krate::__private::StateFor<#handle, __State>>::from_state(#state)
                    )
                }
            }
            Param::Context => quote!(#cx),
        });
        let called = quote_spanned!(at=> #name #turbofish(#(#arguments),*).await);
        match shape.output {
            Output::Result(_) => {
                let fallible = self.fallible(Span::call_site());
                quote!(<_ as #fallible>::into_result(#called))
            }
            Output::Plain(_) => quote!(::core::result::Result::Ok(#called)),
            Output::Unit => quote!(::core::result::Result::Ok({ #called; })),
        }
    }

    /// The names of the item, the context and the state. The item is named where the user wrote its type.
    fn arguments(&self) -> [Ident; 3] {
        let call_site = Span::call_site();
        let item = self.shape.map_or(call_site, |shape| shape.item.ends.start);
        [
            Ident::new("__item", item),
            Ident::new("__cx", call_site),
            Ident::new("__state", call_site),
        ]
    }

    /// The same names, `_` for those that the function does not take.
    fn used_arguments(&self) -> [TokenStream; 3] {
        let params = match self.shape {
            Some(shape) if shape.callable => &*shape.params,
            _ => &[],
        };
        let is_used = |what: fn(&Param) -> bool| params.iter().any(what);
        let [item, cx, state] = self.arguments();
        let named = |name: Ident, used| if used { quote!(#name) } else { quote!(_) };
        [
            named(item, is_used(|param| matches!(param, Param::Item(_)))),
            named(cx, is_used(|param| matches!(param, Param::Context))),
            named(state, is_used(|param| matches!(param, Param::State(..)))),
        ]
    }

    /// The call, left out for an item that is not `Send`. Not possible where that depends on parameters.
    fn if_send(&self, call: &TokenStream, at: Span) -> TokenStream {
        if self.shape.is_none() || !self.params.is_empty() {
            return call.clone();
        }
        let krate = crate_at(self.krate, at);
        let handle = self.target().ty();
        let item = quote_spanned!(at=> <#handle as #krate::Signature>::Input);
        quote_spanned! {at=>
            #[allow(unused_imports)]
            use #krate::__private::IsNotSend as _;
            #krate::__private::Called::<{ #krate::__private::IsSend::<#item>::VALUE }>::with(#call)
        }
    }

    /// Where a future that is not `Send` is underlined.
    fn return_span(&self) -> Span {
        let ty = self.shape.and_then(|shape| shape.output.ty());
        ty.map_or_else(|| self.name.span(), |ty| Ends::of(ty).start)
    }
}
