use std::time::Duration;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Expr, Lit, LitStr, Path};

use super::{Args, literal};
use crate::errors::Errors;

/// A duration as it was given.
pub(crate) struct Time {
    tokens: TokenStream,
    /// Its length, if it is a literal.
    pub(crate) length: Option<Duration>,
}

impl Time {
    /// The expression for it.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.tokens
    }
}

impl Args {
    /// A duration: a string with units, or an expression of type `Duration`.
    pub(crate) fn time(&self, name: &str, zero: Zero, errors: &mut Errors) -> Option<Time> {
        let value = self.value(name, errors)?;
        check_time(name, value, zero, errors)
    }

    /// A rate: a string like "100/s", or an expression of type `Rate`.
    pub(crate) fn rate(&self, krate: &Path, errors: &mut Errors) -> Option<TokenStream> {
        let value = self.value("rate", errors)?;
        match literal(value) {
            Some(Lit::Str(text)) => match parse_rate(&text.value()) {
                Ok((count, per)) => {
                    let (secs, nanos) = (per.as_secs(), per.subsec_nanos());
                    let per = quote!(::core::time::Duration::new(#secs, #nanos));
                    return Some(quote_spanned!(text.span()=> #krate::Rate::new(#count, #per)));
                }
                Err(message) => errors.at(text, message),
            },
            Some(_) => errors.at(value, format!("`rate` takes a string: {RATE_FORM}")),
            None => return Some(value.to_token_stream()),
        }
        None
    }
}

/// Reads a duration out of the value of `name`.
pub(crate) fn check_time(
    name: &str,
    value: &Expr,
    zero: Zero,
    errors: &mut Errors,
) -> Option<Time> {
    match literal(value) {
        Some(Lit::Str(text)) => match parse_duration(name, text, zero) {
            Ok(length) => {
                let (secs, nanos) = (length.as_secs(), length.subsec_nanos());
                let tokens =
                    quote_spanned!(text.span()=> ::core::time::Duration::new(#secs, #nanos));
                return Some(Time {
                    tokens,
                    length: Some(length),
                });
            }
            Err(message) => errors.at(text, message),
        },
        Some(Lit::Int(number)) => {
            let number = number.base10_digits();
            errors.at(
                value,
                format!("`{name}` needs a unit: \"{number}s\" or \"{number}ms\""),
            );
        }
        Some(_) => errors.at(
            value,
            format!("`{name}` takes a duration, as in \"500ms\" or \"1m 30s\""),
        ),
        None => {
            return Some(Time {
                tokens: value.to_token_stream(),
                length: None,
            });
        }
    }
    None
}

/// Whether a duration of zero makes sense.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Zero {
    /// It does.
    Allowed,
    /// It does not.
    Refused,
}

fn parse_duration(name: &str, text: &LitStr, zero: Zero) -> Result<Duration, String> {
    let written = text.value();
    match humantime::parse_duration(&written) {
        Ok(length) if length.is_zero() && zero == Zero::Refused => {
            Err(format!("`{name}` must be longer than zero"))
        }
        Ok(length) => Ok(length),
        Err(_) => Err(format!(
            "\"{written}\" is not a duration: write numbers with units, as in \"500ms\" or \"1m 30s\""
        )),
    }
}

const RATE_FORM: &str = "a count, a slash and a period, as in \"100/s\" or \"10/500ms\"";

fn parse_rate(text: &str) -> Result<(u32, Duration), String> {
    let malformed = || format!("\"{text}\" is not a rate: write {RATE_FORM}");
    let (count, period) = text.split_once('/').ok_or_else(malformed)?;
    let count: u32 = count.trim().parse().map_err(|_| malformed())?;
    let period = period.trim();
    let one = if period.starts_with(|c: char| c.is_ascii_digit()) {
        ""
    } else {
        "1"
    };
    let per = humantime::parse_duration(&format!("{one}{period}")).map_err(|_| malformed())?;
    match (count, per.is_zero()) {
        (0, _) => Err("`rate` must allow at least 1 in its period".to_owned()),
        (_, true) => Err("the period of `rate` must be longer than zero".to_owned()),
        _ => Ok((count, per)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_a_count_and_a_period() {
        let second = Duration::from_secs(1);
        assert_eq!(parse_rate("100/s"), Ok((100, second)));
        assert_eq!(parse_rate(" 5 / min "), Ok((5, 60 * second)));
        assert_eq!(parse_rate("10/500ms"), Ok((10, second / 2)));
        for text in [
            "",
            "5",
            "/s",
            "-1/s",
            "5/",
            "5/parsec",
            "1.5/s",
            "0/s",
            "5/0s",
            "9999999999/s",
        ] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }
}
