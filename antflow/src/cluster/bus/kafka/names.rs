use std::fmt::Write;

use super::super::BusError;
use super::error::refused;
use crate::cluster::protocol::Topic;

/// The longest name that brokers take.
const LONGEST: usize = 249;

/// What a cluster's topics and groups are called.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// The prefix with its dot, or nothing.
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        let dot = if prefix.is_empty() { "" } else { "." };
        Self {
            prefix: format!("{prefix}{dot}"),
        }
    }

    /// What a topic is called.
    pub(super) fn topic(&self, topic: &Topic) -> Result<String, BusError> {
        match topic {
            Topic::Commands(role) => self.name(&format!("cmd.{}.v1", encode(role.as_str()))),
            Topic::Status(role) => self.name(&format!("status.{}.v1", encode(role.as_str()))),
            other => self.name(&other.to_string()),
        }
    }

    /// What the group of those who listen under a name is called.
    pub(super) fn group(&self, name: &str) -> Result<String, BusError> {
        self.name(&encode(name))
    }

    fn name(&self, own: &str) -> Result<String, BusError> {
        let name = format!("{}{own}", self.prefix);
        if name.len() > LONGEST {
            return Err(refused(format!(
                "`{name}` has more than {LONGEST} bytes, which is too long for Kafka: give the role a shorter name"
            )));
        }
        Ok(name)
    }
}

/// Writes bytes that a name cannot have as `_x` and two digits; `_x` itself as well, so that no two names are the same,
/// and dots, as brokers take no two names that differ by a dot for an underscore.
fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    let mut bytes = name.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let is_mark = byte == b'_' && bytes.peek() == Some(&b'x');
        if (byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) && !is_mark {
            encoded.push(char::from(byte));
        } else {
            // Writing into a text does not fail.
            let _ = write!(encoded, "_x{byte:02x}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_guide_behind_the_prefix() {
        let name = |prefix, topic: Topic| Names::new(prefix).topic(&topic).unwrap();
        assert_eq!(
            name("shop", Topic::Commands("parser".into())),
            "shop.cmd.parser.v1"
        );
        assert_eq!(
            name("", Topic::Status("coordinator_fn".into())),
            "status.coordinator_fn.v1"
        );
        assert_eq!(name("a-b", Topic::Announce), "a-b.workers.announce.v1");
        assert_eq!(Names::new("shop").group("parser").unwrap(), "shop.parser");
        assert_eq!(Names::new("").group("parser").unwrap(), "parser");
    }

    #[test]
    fn what_a_name_cannot_have_is_written_otherwise_and_no_two_are_the_same() {
        assert_eq!(encode("a b/ä"), "a_x20b_x2f_xc3_xa4");
        assert_eq!(encode("a.b"), "a_x2eb");
        assert_eq!(encode("a_x20b"), "a_x5fx20b");
        assert_eq!(encode("my_role__x"), "my_role__x5fx");
        let names = ["a b", "a_x20b", "a_x5fx20b", "_ ", "__x20", "a.b", "a_b"];
        let all: std::collections::BTreeSet<_> = names.map(encode).into();
        assert_eq!(all.len(), names.len());
    }

    #[test]
    fn a_name_that_is_too_long_is_refused_with_what_to_do() {
        let error = Names::new("p")
            .topic(&Topic::Commands("r".repeat(250).into()))
            .unwrap_err();
        assert!(
            error.to_string().contains("give the role a shorter name"),
            "{error}"
        );
    }
}
