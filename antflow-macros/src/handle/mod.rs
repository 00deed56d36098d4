//! The type that stands for an annotated function, under the function's name.
//!
//! `struct fetch {}` lives in the namespace of types and `fn fetch` in that of values, so that one `use` imports both.

mod call;
mod declare;
mod docs;
mod result;
mod state;
mod target;
mod types;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Attribute, ExprPath, Path};

pub(crate) use self::declare::{declare, scope};
pub(crate) use self::docs::of_list;
pub(crate) use self::target::Target;
use crate::args::Setting;
use crate::errors::Errors;
use crate::signature::{Function, Params, Shape};

/// A type that is a task.
pub(crate) struct Handle<'a> {
    pub(crate) krate: &'a Path,
    pub(crate) name: &'a Ident,
    pub(crate) params: Params,
    /// What the signature of its function means; none if that has no meaning.
    pub(crate) shape: Option<&'a Shape>,
}

impl<'a> Handle<'a> {
    pub(crate) fn new(krate: &'a Path, function: &'a Function, shape: Option<&'a Shape>) -> Self {
        let generics = &function.sig.generics;
        Self {
            krate,
            name: &function.sig.ident,
            params: match shape {
                Some(_) => Params::of(generics),
                None => Params::without_bounds(generics),
            },
            shape,
        }
    }

    /// The type that the impls are for.
    pub(crate) fn target(&self) -> Target<'_> {
        Target {
            name: self.name,
            params: &self.params,
        }
    }

    /// The items beside the function: the type, and the mistakes unless [`impls`](Self::impls) has them.
    pub(crate) fn items(
        &self,
        function: &Function,
        noun: &str,
        settings: &[Setting],
        errors: &Errors,
    ) -> TokenStream {
        let docs = docs::of_function(function, noun, settings);
        let attrs = copied(&function.attrs);
        let item = declare(
            &quote!(#docs #(#attrs)*),
            &function.vis,
            self.name,
            &self.params,
        );
        let errors = self.shape.map(|_| errors);
        quote!(#item #errors)
    }

    /// The impl that lets stages list the task.
    pub(crate) fn impl_listed(&self, task_name: &str) -> TokenStream {
        let krate = self.krate;
        let name = quote!(const NAME: #krate::__private::Text = #task_name;);
        self.target()
            .implement(&quote!(#krate::__private::Listed), &name)
    }

    /// The impls that make the type a task.
    ///
    /// Without a meaning, the input is the type of an expression that does not compile: the mistakes. The compiler then
    /// says nothing about uses of the type, so that one mistake gives one error.
    pub(crate) fn impls(
        &self,
        noun: &str,
        config: &TokenStream,
        retry_if: Option<&ExprPath>,
        errors: &Errors,
    ) -> TokenStream {
        let signature = self.impl_signature(errors);
        let task = self.impl_task(config, retry_if);
        let answer = self.answer();
        let parts = self.parts();
        let call = self.impl_call();
        let check = if retry_if.is_none() {
            self.check_alias(noun)
        } else {
            TokenStream::new()
        };
        quote!(#signature #answer #task #parts #call #check)
    }
}

/// The attributes that the type shares with the function, documentation apart.
fn copied(attrs: &[Attribute]) -> Vec<&Attribute> {
    let shared = ["cfg", "deprecated"];
    attrs
        .iter()
        .filter(|attr| shared.iter().any(|name| attr.path().is_ident(name)))
        .collect()
}
