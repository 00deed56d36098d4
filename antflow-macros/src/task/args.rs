use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{ExprPath, LitStr, Path};

use crate::args::{Args, Keys, Setting, Time, Zero};
use crate::errors::Errors;
use crate::stage;

const KEYS: Keys = Keys {
    attribute: "task",
    known: &[
        "name",
        "timeout",
        "concurrency",
        "rate",
        "retry_if",
        "crate",
    ],
    foreign: Some((stage::KEYS, "it belongs to the stage that lists the task")),
};

/// The arguments of `#[task]`.
pub(super) struct TaskArgs {
    pub(super) krate: Path,
    /// What makes the path one that leads to the crate.
    pub(super) import: TokenStream,
    pub(super) retry_if: Option<ExprPath>,
    name: Option<LitStr>,
    /// Calls on the `TaskConfig`.
    settings: TokenStream,
    /// All keys, as they were written.
    pub(super) written: Vec<Setting>,
}

impl TaskArgs {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let args = Args::parse(tokens, &KEYS, errors);
        let (krate, import) = args.crate_path(errors);
        let name = args.name(errors);
        let mut settings = TokenStream::new();
        let mut set = |key, value: Option<TokenStream>| settings.extend(args.setter(key, value));
        set(
            "timeout",
            args.time("timeout", Zero::Refused, errors)
                .map(Time::into_tokens),
        );
        set("concurrency", args.count("concurrency", errors));
        set("rate", args.rate(&krate, errors));
        Self {
            krate,
            import,
            retry_if: args.function("retry_if", errors),
            name,
            settings,
            written: args.settings(),
        }
    }

    /// The expression of the task's configuration. The default name is the function's.
    pub(super) fn config(&self, function: &Ident) -> TokenStream {
        let krate = &self.krate;
        let settings = &self.settings;
        let name = self.task_name(function);
        quote!(#krate::TaskConfig::new(#name) #settings)
    }

    /// The name of the task.
    pub(super) fn task_name(&self, function: &Ident) -> String {
        self.name
            .as_ref()
            .map_or_else(|| function.unraw().to_string(), LitStr::value)
    }
}
