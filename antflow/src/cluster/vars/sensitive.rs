use std::collections::BTreeMap;
use std::fmt;

/// Says which texts look like secrets.
///
/// Values are only looked at: antflow never writes them into logs or errors.
pub trait Sensitive: fmt::Debug + Send + Sync {
    /// Does the text look like a secret?
    fn is_sensitive(&self, text: &str) -> bool;
}

/// Finds keys and tokens by their shape: signed tokens, private keys, keys of clouds and chats, and random words.
///
/// Texts below 20 characters are never taken for secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct DefaultDetector;

/// Texts below so many characters are no secrets.
const SHORTEST: usize = 20;

/// From so many bits a character on, a word of letters and digits is random.
const RANDOM_BITS: f64 = 3.2;

/// What keys of well-known services begin with.
const BEGINNINGS: [&str; 9] = [
    "AKIA", "ASIA", "AIza", "xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "ghp_",
];

impl Sensitive for DefaultDetector {
    fn is_sensitive(&self, text: &str) -> bool {
        if text.chars().count() < SHORTEST {
            return false;
        }
        let is_private_key = text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----");
        is_private_key || text.split_whitespace().any(is_secret_word)
    }
}

fn is_secret_word(word: &str) -> bool {
    if word.len() < SHORTEST {
        return false;
    }
    let begins = BEGINNINGS.iter().any(|begin| word.starts_with(begin));
    begins || is_signed_token(word) || is_random(word)
}

/// Three parts in the alphabet of URLs, the first of which is an object in base64.
fn is_signed_token(word: &str) -> bool {
    let parts: Vec<_> = word.split('.').collect();
    let is_part = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    parts.len() == 3 && parts[0].starts_with("eyJ") && parts.iter().all(is_part)
}

/// A word of letters and digits, mixed, in which nothing repeats.
fn is_random(word: &str) -> bool {
    let is_of_base64 = word
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte));
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_of_base64 && has_digit && has_letter && bits(word) >= RANDOM_BITS
}

/// How many bits a character carries.
fn bits(word: &str) -> f64 {
    let mut counts: BTreeMap<char, u32> = BTreeMap::new();
    for character in word.chars() {
        *counts.entry(character).or_default() += 1;
    }
    let all: u32 = counts.values().sum();
    counts
        .values()
        .map(|count| f64::from(*count) / f64::from(all))
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_shape() {
        let secrets = [
            "AKIAIOSFODNN7EXAMPLE",
            "Bearer q8Zr2Lx9Kd0Vn4Tb7Wm1Ys6P",
            "-----BEGIN RSA PRIVATE KEY-----\nabc",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "d41d8cd98f00b204e9800998ecf8427e",
        ];
        for secret in secrets {
            assert!(DefaultDetector.is_sensitive(secret), "{secret}");
        }
    }

    #[test]
    fn texts_for_people_are_no_secrets() {
        let plain = [
            "a1b2c3",
            "the quick brown fox jumps over 13 lazy dogs",
            "https://example.com/articles/2024/summer.html",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa1",
        ];
        for text in plain {
            assert!(!DefaultDetector.is_sensitive(text), "{text}");
        }
    }
}
