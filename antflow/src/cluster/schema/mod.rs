//! What a type looks like as data: its fingerprint.
//!
//! A type is read by a deserializer that has no data: it notes what is asked for, gives what fits, and so learns of names,
//! fields and variants without a word in the type. Where a type takes only some texts or numbers, and refuses what it is
//! given, it is read again with its other fields first. So two versions of a type with other fields, variants or
//! kinds of numbers have different fingerprints; two types that are written in the same way may have the same.

mod enums;
mod tracer;

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::DeserializeOwned;

use uuid::Uuid;

use self::tracer::{Trace, Tracer};

/// A type is read so often at most: of an enum, so many variants are looked into. The names of all are known.
const PASSES: usize = 64;

/// The fingerprint of what is read and of what is given.
pub(crate) fn fingerprint<In: DeserializeOwned, Out: DeserializeOwned>() -> String {
    let types = format!("{}->\n{}", describe::<In>(), describe::<Out>());
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, types.as_bytes());
    hash.simple().to_string()
}

/// What a type looks like: read once for each variant of its enums, and, if it refuses something, for each field.
fn describe<T: DeserializeOwned>() -> String {
    let mut whole = String::new();
    let mut passes = 1;
    let mut pass = 0;
    while pass < passes {
        let mut trace = Trace::new(pass);
        let read = AssertUnwindSafe(|| T::deserialize(Tracer::new(&mut trace)).is_ok());
        let is_whole = catch_unwind(read).unwrap_or(false);
        let most = if is_whole {
            trace.most_variants()
        } else {
            trace.most_variants().max(trace.most_fields())
        };
        passes = most.clamp(passes, PASSES);
        whole.push_str(&trace.into_text());
        whole.push('\n');
        pass += 1;
    }
    whole
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    mod old {
        use super::*;

        #[derive(Serialize, Deserialize)]
        pub(super) struct Page {
            url: String,
            links: Vec<Link>,
        }

        #[derive(Serialize, Deserialize)]
        pub(super) struct Link {
            to: String,
            rank: u32,
        }

        #[derive(Serialize, Deserialize)]
        pub(super) enum Kind {
            Html,
            Pdf { pages: u32 },
        }
    }

    mod new {
        use super::*;

        #[derive(Serialize, Deserialize)]
        pub(super) struct Page {
            url: String,
            links: Vec<Link>,
        }

        #[derive(Serialize, Deserialize)]
        pub(super) struct Link {
            to: String,
            rank: u32,
            text: String,
        }

        #[derive(Serialize, Deserialize)]
        pub(super) enum Kind {
            Html,
            Pdf { pages: u64 },
        }
    }

    /// Refuses an empty text, as addresses and dates do.
    #[derive(Serialize, Deserialize)]
    #[serde(try_from = "String", into = "String")]
    struct Picky(String);

    impl TryFrom<String> for Picky {
        type Error = String;

        fn try_from(text: String) -> Result<Self, String> {
            if text.is_empty() {
                return Err("it is empty".to_owned());
            }
            Ok(Self(text))
        }
    }

    impl From<Picky> for String {
        fn from(Picky(text): Picky) -> Self {
            text
        }
    }

    impl Clone for Picky {
        fn clone(&self) -> Self {
            Self(self.0.clone())
        }
    }

    #[derive(Serialize, Deserialize)]
    struct Tree {
        name: Option<Box<Self>>,
        children: Vec<Self>,
        by_name: BTreeMap<String, Self>,
        pair: (u8, [f32; 2]),
        unit: (),
        letter: char,
    }

    #[derive(Serialize, Deserialize)]
    struct Visit {
        #[serde(rename = "where")]
        at: Picky,
        seconds: f64,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Loose {
        Number(u32),
        Text(String),
    }

    fn of<T: DeserializeOwned>() -> String {
        fingerprint::<T, ()>()
    }

    #[test]
    fn another_field_or_variant_anywhere_is_another_fingerprint() {
        assert_eq!(of::<old::Page>(), of::<old::Page>());
        assert_ne!(of::<old::Page>(), of::<new::Page>());
        assert_ne!(of::<old::Link>(), of::<new::Link>());
        assert_ne!(
            of::<old::Kind>(),
            of::<new::Kind>(),
            "{}",
            describe::<old::Kind>()
        );
        assert_ne!(of::<u32>(), of::<u64>());
        assert_ne!(of::<String>(), of::<Option<String>>());
        assert_ne!(of::<(u32, String)>(), of::<(String, u32)>());
        assert_ne!(fingerprint::<u32, String>(), fingerprint::<String, u32>());
    }

    #[test]
    fn what_a_type_refuses_and_what_contains_itself_is_described() {
        let tree = describe::<Tree>();
        for word in ["children", "by_name", "pair", "u8", "f32", "letter"] {
            assert!(tree.contains(word), "{word} in {tree}");
        }
        let visit = describe::<Visit>();
        for word in ["where", "seconds"] {
            assert!(visit.contains(word), "{word} in {visit}");
        }
        assert!(!describe::<Loose>().is_empty());
        assert!(!describe::<serde_json::Value>().is_empty());
        assert_eq!(of::<serde_json::Value>(), of::<serde_json::Value>());
    }
}
