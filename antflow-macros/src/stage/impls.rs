use proc_macro2::TokenStream;
use quote::quote;

use super::args::StageArgs;
use super::hooks;
use crate::handle::Target;

/// A type that is a stage.
pub(super) struct StageImpl<'a> {
    pub(super) args: &'a StageArgs,
    pub(super) target: Target<'a>,
    /// What the pipeline's state must be for the tasks.
    pub(super) state_predicates: TokenStream,
    /// The expression of its task list.
    pub(super) tasks: TokenStream,
    /// Whether `retry_if` decides over all errors of the stage, and not over those of a single task.
    pub(super) lists_tasks: bool,
}

impl StageImpl<'_> {
    /// `Stage`, `IntoStage`, `Hooks` if there are any, and `Execute`.
    pub(super) fn expand(&self) -> TokenStream {
        let krate = &self.args.krate;
        let target = &self.target;
        let config = self.args.config(target.name);
        let methods = hooks::methods(&self.args.hooks, krate, self.lists_tasks);
        let (ty, value) = match &methods {
            Some(_) => (quote!(Self), quote!(*self)),
            None => (quote!(()), TokenStream::new()),
        };
        let stage = quote! {
            type Hooks = #ty;

            fn config(&self) -> #krate::StageConfig {
                #config
            }

            fn hooks(&self) -> #ty {
                #value
            }
        };
        let stage = target.implement(&quote!(#krate::Stage), &stage);
        let hooks = methods.map(|methods| {
            let stage = target.ty();
            let head = quote! {
                #krate::Hooks<
                    <#stage as #krate::Signature>::Input,
                    <#stage as #krate::Signature>::Output,
                >
            };
            target.implement(&head, &methods)
        });
        let into_stage = quote! {
            type Stage = Self;

            fn into_stage(self) -> #krate::__private::Configured<Self> {
                #krate::__private::as_written(self)
            }
        };
        let into_stage = target.implement(&quote!(#krate::__private::IntoStage), &into_stage);
        let execute = self.execute();
        quote!(#stage #into_stage #hooks #execute)
    }

    fn execute(&self) -> TokenStream {
        let krate = &self.args.krate;
        let tasks = &self.tasks;
        let into_tasks = quote! {
            fn into_tasks(self) -> impl #krate::__private::TaskList<
                __State,
                Input = <Self as #krate::Signature>::Input,
                Output = <Self as #krate::Signature>::Output,
            > {
                #tasks
            }
        };
        let head = quote!(#krate::__private::Execute<__State>);
        self.target
            .implement_for_state(&head, &self.state_predicates, &into_tasks)
    }
}
