//! Expansions as text.

use proc_macro2::{LineColumn, TokenStream, TokenTree};

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

/// The names in `source` that no token of the expansion has at the same place, where editors look for them.
pub(crate) fn displaced(
    source: &str,
    names: &[&str],
    expand: impl FnOnce(TokenStream) -> TokenStream,
) -> Vec<String> {
    let source: TokenStream = source.parse().expect("its tokens are those of Rust");
    let mut written = Vec::new();
    idents(source.clone(), &mut written);
    let mut expanded = Vec::new();
    idents(expand(source), &mut expanded);
    let places = |name: &str| {
        let places = written.iter().filter(|(found, _)| found == name);
        places.cloned().collect::<Vec<_>>()
    };
    let lost = |name: &&&str| {
        let places = places(name);
        places.is_empty() || places.iter().any(|place| !expanded.contains(place))
    };
    names.iter().filter(lost).map(ToString::to_string).collect()
}

/// All names with their places.
fn idents(tokens: TokenStream, found: &mut Vec<(String, LineColumn)>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => idents(group.stream(), found),
            TokenTree::Ident(ident) => found.push((ident.to_string(), ident.span().start())),
            _ => {}
        }
    }
}
