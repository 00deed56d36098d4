use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{ExprPath, LitStr, Path};

use super::valid;
use crate::args::{Args, Keys, Setting, Time, Zero};
use crate::errors::Errors;

/// What `#[stage]` takes.
pub(crate) const KEYS: &[&str] = &[
    "name",
    "workers",
    "queue",
    "retry",
    "attempts",
    "wait",
    "backoff",
    "max_wait",
    "jitter",
    "retry_if",
    "on_wait",
    "timeout",
    "concurrency",
    "rate",
    "skip_if",
    "on_success",
    "on_failure",
    "on_skip",
    "ordered",
    "key",
    "crate",
];

/// The arguments of `#[stage]`.
pub(super) struct StageArgs {
    pub(super) krate: Path,
    /// What makes the path one that leads to the crate.
    pub(super) import: TokenStream,
    name: Option<LitStr>,
    /// Calls on the `StageConfig`, in the order of the keys above.
    settings: TokenStream,
    pub(super) retry: Option<Mode>,
    pub(super) hooks: HookArgs,
    /// All keys, as they were written.
    pub(super) written: Vec<Setting>,
}

/// What is repeated after a failure.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mode {
    PerTask,
    PerStage,
}

/// The functions beside the tasks.
pub(super) struct HookArgs {
    pub(super) retry_if: Option<ExprPath>,
    pub(super) skip_if: Option<ExprPath>,
    pub(super) on_success: Option<ExprPath>,
    pub(super) on_failure: Option<ExprPath>,
    pub(super) on_skip: Option<ExprPath>,
    pub(super) key: Option<ExprPath>,
}

impl StageArgs {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let keys = Keys {
            attribute: "stage",
            known: KEYS,
            foreign: None,
        };
        let args = Args::parse(tokens, &keys, errors);
        let (krate, import) = args.crate_path(errors);
        let name = args.name(errors);
        let mut settings = TokenStream::new();
        let mut set = |key, value: Option<TokenStream>| settings.extend(args.setter(key, value));
        set("workers", args.count("workers", errors));
        set("queue", args.count("queue", errors));
        let retry = retry(&args, &krate, errors);
        set("retry", retry.as_ref().map(|(_, policy)| policy.clone()));
        set(
            "timeout",
            args.time("timeout", Zero::Refused, errors)
                .map(Time::into_tokens),
        );
        set("concurrency", args.count("concurrency", errors));
        set("rate", args.rate(&krate, errors));
        set(
            "ordered",
            args.flag("ordered", errors).then(TokenStream::new),
        );
        let hooks = HookArgs {
            retry_if: args.function("retry_if", errors),
            skip_if: args.function("skip_if", errors),
            on_success: args.function("on_success", errors),
            on_failure: args.function("on_failure", errors),
            on_skip: args.function("on_skip", errors),
            key: args.function("key", errors),
        };
        valid::check(&args, errors);
        Self {
            krate,
            import,
            name,
            settings,
            retry: retry.map(|(mode, _)| mode),
            hooks,
            written: args.settings(),
        }
    }

    /// Whether the item of task number `index` is kept for another attempt.
    pub(super) fn keeps_item(&self, index: usize) -> bool {
        match self.retry {
            Some(Mode::PerTask) => true,
            Some(Mode::PerStage) => index == 0,
            None => false,
        }
    }

    /// The expression of the stage's configuration. The default name is the item's in UpperCamelCase.
    pub(super) fn config(&self, item: &Ident) -> TokenStream {
        let krate = &self.krate;
        let settings = &self.settings;
        let name = self.stage_name(item);
        quote!(#krate::StageConfig::new(#name) #settings)
    }

    /// The name of the stage.
    pub(super) fn stage_name(&self, item: &Ident) -> String {
        self.name
            .as_ref()
            .map_or_else(|| upper_camel_case(item), LitStr::value)
    }
}

/// The retry policy, if one is asked for. Its defaults are those of `Retry`.
fn retry(args: &Args, krate: &Path, errors: &mut Errors) -> Option<(Mode, TokenStream)> {
    let modes = [("per_task", Mode::PerTask), ("per_stage", Mode::PerStage)];
    let mode = args.choice("retry", &modes, errors);
    let mut settings = TokenStream::new();
    let mut set = |key, value: Option<TokenStream>| settings.extend(args.setter(key, value));
    set("attempts", args.count("attempts", errors));
    let wait = args.time("wait", Zero::Allowed, errors);
    let max_wait = args.time("max_wait", Zero::Refused, errors);
    valid::check_waits(args, wait.as_ref(), max_wait.as_ref(), errors);
    set("wait", wait.map(Time::into_tokens));
    let exponential = args.choice("backoff", &[("exponential", ())], errors);
    set("max_wait", max_wait.map(Time::into_tokens));
    set("jitter", args.flag("jitter", errors).then(TokenStream::new));
    let on_wait = args.choice(
        "on_wait",
        &[("hold", "Hold"), ("release", "Release")],
        errors,
    );
    set(
        "on_wait",
        on_wait.map(|variant| {
            let variant = format_ident!("{variant}");
            quote!(#krate::OnWait::#variant)
        }),
    );
    let exponential = exponential.map(|()| quote!(.exponential()));
    let mode = mode?;
    let policy = match mode {
        Mode::PerTask => quote!(per_task),
        Mode::PerStage => quote!(per_stage),
    };
    Some((
        mode,
        quote!(#krate::Retry::#policy() #exponential #settings),
    ))
}

fn upper_camel_case(ident: &Ident) -> String {
    let name = ident.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name);
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_named_after_its_item() {
        let named = |name| upper_camel_case(&syn::parse_str(name).unwrap());
        assert_eq!(named("fetch"), "Fetch");
        assert_eq!(named("fetch_all_pages2"), "FetchAllPages2");
        assert_eq!(named("_fetch"), "Fetch");
        assert_eq!(named("r#match"), "Match");
        assert_eq!(named("HTTPGet"), "HTTPGet");
    }
}
