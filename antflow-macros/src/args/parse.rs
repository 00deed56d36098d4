use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Ident, Token};

use super::{Args, Entry, Keys, Value, nearest};
use crate::errors::Errors;

/// Reads the entries. What cannot be read is skipped up to the next comma.
pub(super) fn parse(tokens: TokenStream, keys: &Keys, errors: &mut Errors) -> Args {
    let mut args = Args(Vec::new());
    if Span::call_site()
        .source_text()
        .is_some_and(|text| is_assigned(&text))
    {
        return args;
    }
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if input.peek(Ident::peek_any) {
                let key = input.call(Ident::parse_any)?;
                let value = value(&key, input).unwrap_or_else(|error| {
                    errors.push(error);
                    Value::Broken
                });
                accept(&mut args, Entry { key, value }, keys, errors);
            } else {
                errors.push(input.error("expected a key, as in `name = \"..\"`"));
            }
            skip_past_comma(input)?;
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        errors.push(error);
    }
    args
}

/// Whether an attribute is written as `#[name = ..]`, which the compiler refuses before it hands on what is assigned.
fn is_assigned(attribute: &str) -> bool {
    let inside = attribute.trim_start_matches(['#', '[']);
    inside
        .find(['=', '(', '[', '{'])
        .is_some_and(|at| inside[at..].starts_with('='))
}

fn value(key: &Ident, input: ParseStream<'_>) -> syn::Result<Value> {
    if at_end(input) {
        return Ok(Value::None);
    }
    if !input.peek(Token![=]) {
        return Err(input.error(format!("expected `=` after `{key}`")));
    }
    let equals: Token![=] = input.parse()?;
    if at_end(input) {
        let message = format!("`{key}` needs a value: `{key} = ..`");
        return Err(syn::Error::new_spanned(quote!(#key #equals), message));
    }
    let value = input.parse()?;
    if !at_end(input) {
        return Err(input.error(format!("expected `,` after the value of `{key}`")));
    }
    Ok(Value::Given(Box::new(value)))
}

fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

fn skip_past_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !at_end(input) {
        input.parse::<TokenTree>()?;
    }
    input.parse::<Option<Token![,]>>().map(drop)
}

fn accept(args: &mut Args, entry: Entry, keys: &Keys, errors: &mut Errors) {
    let name = entry.key.unraw().to_string();
    if !keys.known.contains(&name.as_str()) {
        errors.at(&entry.key, unknown(&name, keys));
    } else if args.key(&name).is_some() {
        errors.at(&entry.key, format!("`{name}` is given twice"));
    } else {
        args.0.push(entry);
    }
}

fn unknown(name: &str, keys: &Keys) -> String {
    let attribute = keys.attribute;
    if let Some((foreign, message)) = keys.foreign
        && foreign.contains(&name)
    {
        return format!("`#[{attribute}]` does not take `{name}`: {message}");
    }
    match nearest(name, keys.known) {
        Some(known) => format!("`#[{attribute}]` does not take `{name}`; did you mean `{known}`?"),
        None => format!(
            "`#[{attribute}]` does not take `{name}`; it takes {}",
            listed(keys.known)
        ),
    }
}

fn listed(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::is_assigned;

    #[test]
    fn an_attribute_is_assigned_if_that_comes_before_all_brackets() {
        assert!(is_assigned("#[stage = \"fetch\"]"));
        assert!(is_assigned("#[antflow::stage = (fetch)]"));
        assert!(!is_assigned("#[stage]"));
        assert!(!is_assigned("#[stage(name = \"fetch\")]"));
        assert!(!is_assigned("#[task { timeout = \"1s\" }]"));
    }
}
