use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::args::StageArgs;
use super::hooks;
use crate::signature::Params;

/// A type that is a stage.
pub(super) struct StageImpl<'a> {
    pub(super) args: &'a StageArgs,
    pub(super) name: &'a Ident,
    pub(super) params: &'a Params,
    /// The `where` of what depends on the pipeline's state.
    pub(super) state_clause: TokenStream,
    /// The expression of its task list.
    pub(super) tasks: TokenStream,
    /// Whether `retry_if` decides over all errors of the stage, and not over those of a single task.
    pub(super) lists_tasks: bool,
}

impl StageImpl<'_> {
    /// `Stage`, `Hooks` if there are any, and `Execute`.
    pub(super) fn expand(&self) -> TokenStream {
        let krate = &self.args.krate;
        let name = self.name;
        let applied = &self.params.applied;
        let generics = self.params.declared_with(&TokenStream::new());
        let clause = self.params.clause(&TokenStream::new());
        let config = self.args.config(name);
        let methods = hooks::methods(&self.args.hooks, krate, self.lists_tasks);
        let (ty, value) = match &methods {
            Some(_) => (quote!(Self), quote!(*self)),
            None => (quote!(()), TokenStream::new()),
        };
        let hooks = methods.map(|methods| {
            quote! {
                impl #generics #krate::Hooks<
                    <#name #applied as #krate::Signature>::Input,
                    <#name #applied as #krate::Signature>::Output,
                > for #name #applied #clause {
                    #methods
                }
            }
        });
        let execute = self.execute();
        quote! {
            impl #generics #krate::Stage for #name #applied #clause {
                type Hooks = #ty;

                fn config(&self) -> #krate::StageConfig {
                    #config
                }

                fn hooks(&self) -> #ty {
                    #value
                }
            }
            #hooks
            #execute
        }
    }

    fn execute(&self) -> TokenStream {
        let krate = &self.args.krate;
        let Self {
            name,
            params,
            state_clause,
            tasks,
            ..
        } = self;
        let applied = &params.applied;
        let generics = params.declared_with(&quote!(__State));
        quote! {
            impl #generics #krate::__private::Execute<__State> for #name #applied #state_clause {
                fn into_tasks(self) -> impl #krate::__private::TaskList<
                    __State,
                    Input = <Self as #krate::Signature>::Input,
                    Output = <Self as #krate::Signature>::Output,
                > {
                    #tasks
                }
            }
        }
    }
}
