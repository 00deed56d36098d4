//! Expansions as text.

use proc_macro2::TokenStream;

/// The formatted code, or the plain tokens of code that is no file.
pub(crate) fn formatted(expansion: TokenStream) -> String {
    let plain = expansion.to_string();
    syn::parse2(expansion).map_or(plain, |file| prettyplease::unparse(&file))
}

/// The messages of the `compile_error!`s in an expansion.
pub(crate) fn messages(expansion: &TokenStream) -> Vec<String> {
    let text = expansion.to_string();
    let calls = text.split("compile_error ! {").skip(1);
    calls
        .filter_map(|call| syn::parse_str::<syn::LitStr>(call.split(" }").next()?).ok())
        .map(|message| message.value())
        .collect()
}
