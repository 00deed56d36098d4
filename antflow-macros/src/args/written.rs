//! What the user wrote, as text for people.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, Lit};

use super::{Args, Value, literal, ungrouped};

/// A key and its value, as they were written.
pub(crate) struct Setting {
    pub(crate) key: String,
    /// The value, a string without its quotes.
    pub(crate) value: String,
    /// Both, as code.
    pub(crate) code: String,
}

impl Setting {
    pub(crate) fn new(key: String, value: &Expr, code: String) -> Self {
        let value = match literal(ungrouped(value)) {
            Some(Lit::Str(text)) => text.value(),
            _ => written(value),
        };
        Self { key, value, code }
    }
}

impl Args {
    /// The keys that say something of the stage or the task, in the order of the source.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        let entries = self.0.iter().filter(|entry| entry.key != "crate");
        entries
            .filter_map(|entry| {
                let key = entry.key.to_string();
                match &entry.value {
                    Value::None => Some(Setting {
                        value: "true".to_owned(),
                        code: key.clone(),
                        key,
                    }),
                    Value::Given(value) => {
                        let code = format!("{key} = {}", written(value));
                        Some(Setting::new(key, value, code))
                    }
                    Value::Broken => None,
                }
            })
            .collect()
    }
}

/// Tokens as a person would write them.
pub(crate) fn written(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    write(tokens.into_token_stream(), &mut text);
    text
}

/// Operators with spaces around them.
const SPACED: &[&str] = &[
    "+", "*", "/", "%", "|", "^", "=", "==", "!=", "<=", ">=", "&&", "||", "->", "=>",
];

fn write(tokens: TokenStream, text: &mut String) {
    let (mut operator, mut after_word, mut lifetime) = (String::new(), false, false);
    for token in tokens {
        let is_word = matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_));
        let is_group = matches!(token, TokenTree::Group(_));
        if is_word && after_word || is_group && lifetime {
            text.push(' ');
        }
        lifetime = is_word && text.ends_with('\'');
        after_word = is_word;
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => {
                operator.push(punct.as_char());
                if punct.spacing() == Spacing::Joint && operator != "'" {
                    continue;
                }
                match &*operator {
                    "," => text.push_str(", "),
                    spaced if SPACED.contains(&spaced) => {
                        text.push(' ');
                        text.push_str(spaced);
                        text.push(' ');
                    }
                    other => text.push_str(other),
                }
                operator.clear();
            }
            word => text.push_str(&word.to_string()),
        }
    }
    if text.ends_with(", ") {
        text.truncate(text.len() - 2);
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::written;

    #[test]
    fn code_reads_as_it_was_written() {
        assert_eq!(written(quote!(5)), "5");
        assert_eq!(written(quote!("1m 30s")), "\"1m 30s\"");
        assert_eq!(written(quote!(num_cpus::get() * 2)), "num_cpus::get() * 2");
        assert_eq!(written(quote!(Duration::new(5, 0))), "Duration::new(5, 0)");
        assert_eq!(written(quote!(&'static [Vec<u8>])), "&'static [Vec<u8>]");
        assert_eq!(
            written(quote!(HashMap<String, Vec<Vec<u8>>>)),
            "HashMap<String, Vec<Vec<u8>>>"
        );
        assert_eq!(
            written(quote!(Box<dyn Fn(u8) -> u8>)),
            "Box<dyn Fn(u8) -> u8>"
        );
        assert_eq!(written(quote!((A, B,))), "(A, B)");
    }
}
