use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{ExprPath, LitStr, Path};

use crate::args::{Args, Keys, Zero};
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
    pub(super) retry_if: Option<ExprPath>,
    name: Option<LitStr>,
    timeout: Option<TokenStream>,
    concurrency: Option<TokenStream>,
    rate: Option<TokenStream>,
}

impl TaskArgs {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let args = Args::parse(tokens, &KEYS, errors);
        let krate = args.crate_path(errors);
        Self {
            name: args.name(errors),
            timeout: args
                .time("timeout", Zero::Refused, errors)
                .map(|time| time.tokens),
            concurrency: args.count("concurrency", errors),
            rate: args.rate(&krate, errors),
            retry_if: args.function("retry_if", errors),
            krate,
        }
    }

    /// The expression of the task's configuration. The default name is the function's.
    pub(super) fn config(&self, function: &Ident) -> TokenStream {
        let krate = &self.krate;
        let name = self
            .name
            .as_ref()
            .map_or_else(|| function.unraw().to_string(), LitStr::value);
        let timeout = self.timeout.as_ref().map(|value| quote!(.timeout(#value)));
        let concurrency = self
            .concurrency
            .as_ref()
            .map(|value| quote!(.concurrency(#value)));
        let rate = self.rate.as_ref().map(|value| quote!(.rate(#value)));
        quote!(#krate::TaskConfig::new(#name) #timeout #concurrency #rate)
    }
}
