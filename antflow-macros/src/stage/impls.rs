use proc_macro2::TokenStream;
use quote::quote;

use super::args::StageArgs;
use super::hooks;
use crate::args::Setting;
use crate::handle::Target;

/// A type that is a stage.
pub(super) struct StageImpl<'a> {
    pub(super) args: &'a StageArgs,
    pub(super) target: Target<'a>,
    /// What the pipeline's state must be for the tasks.
    pub(super) state_predicates: TokenStream,
    /// The expression of its task list.
    pub(super) tasks: TokenStream,
    /// The names of its tasks, with commas between them; none if it is a mistake.
    pub(super) task_names: Option<TokenStream>,
    /// Whether `retry_if` decides over all errors of the stage, and not over those of a single task.
    pub(super) lists_tasks: bool,
}

impl StageImpl<'_> {
    /// `Stage`, `IntoStage`, `Described`, `Hooks` if there are any, and `Execute`.
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
        let described = self.described();
        let execute = self.execute();
        quote!(#stage #into_stage #described #hooks #execute)
    }

    /// `Described`: what graphs show.
    fn described(&self) -> Option<TokenStream> {
        let krate = &self.args.krate;
        let tasks = self.task_names.as_ref()?;
        let name = self.args.stage_name(self.target.name);
        let settings = settings(&self.args.written);
        let described = quote! {
            const NAME: #krate::__private::Text = #name;
            const TASKS: &'static [#krate::__private::Text] = &[#tasks];
            const SETTINGS: &'static [#krate::__private::Setting] = &[#settings];
        };
        Some(
            self.target
                .implement(&quote!(#krate::__private::Described), &described),
        )
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

/// `("workers", "4"), ..`
pub(crate) fn settings(settings: &[Setting]) -> TokenStream {
    let settings = settings.iter().filter(|setting| setting.key != "name");
    settings
        .map(|Setting { key, value, .. }| quote!((#key, #value),))
        .collect()
}
