//! The names that topics and groups have in PostgreSQL.

use uuid::Uuid;

use super::super::BusError;
use super::super::refuse::{check_prefix, refused};
use crate::cluster::protocol::Topic;

/// The longest name of a channel, in bytes.
const LONGEST: usize = 63;

/// What is added to the schema of the store.
const SUFFIX: &str = "_bus";

/// A schema with tables of the bus, and what names in it begin with.
#[derive(Debug, Clone)]
pub(super) struct Names {
    schema: String,
    prefix: String,
}

impl Names {
    /// The schema of the store, and the prefix.
    pub(super) fn new(schema: &str, prefix: String) -> Result<Self, BusError> {
        check_prefix(&prefix)?;
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_name = schema.len() + SUFFIX.len() <= LONGEST
            && schema.bytes().all(is_plain)
            && schema.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && !schema.starts_with("pg_");
        if !is_name {
            return Err(refused(format!(
                "`schema` in the URL of the bus has to have 1 to {} small letters, digits and `_`, with no digit and \
                 no `pg_` before the others",
                LONGEST - SUFFIX.len()
            )));
        }
        Ok(Self {
            schema: format!("{schema}{SUFFIX}"),
            prefix,
        })
    }

    /// The schema that has the tables.
    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The channel on which a topic is said.
    pub(super) fn channel(&self, topic: &Topic) -> String {
        let name = format!("{}.{}.{topic}", self.schema, self.prefix);
        let is_plain = name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"');
        if name.len() <= LONGEST && is_plain {
            return name;
        }
        let number = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
        format!("antflow#{}", number.simple())
    }

    /// The name of a group that listens to these topics.
    pub(super) fn group(&self, group: &str, topics: &[Topic]) -> Vec<u8> {
        let mut topics: Vec<_> = topics.iter().map(ToString::to_string).collect();
        topics.sort();
        // Zeros are in no prefix, and the number of topics is known: names that differ are written differently.
        let head = [self.prefix.as_str(), group, &topics.len().to_string()];
        let parts = head.into_iter().chain(topics.iter().map(String::as_str));
        let parts = parts.map(|part| format!("{}:{part}", part.len()));
        parts.collect::<Vec<_>>().join("").into_bytes()
    }
}

/// A name of a channel or a schema as it stands in a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn channels_are_valid_and_differ() {
        let names = Names::new("antflow", "p".to_owned()).unwrap();
        let mut seen = BTreeSet::new();
        for role in [
            "r",
            "R",
            "r s",
            "\"r\"",
            "r\0",
            "ü",
            &"x".repeat(60),
            &"x".repeat(61),
        ] {
            let channel = names.channel(&Topic::Commands(role.into()));
            assert!(channel.len() <= LONGEST && channel.is_ascii(), "{channel}");
            assert!(seen.insert(channel));
        }
        assert_eq!(names.channel(&Topic::Runs), "antflow_bus.p.runs.v1");
    }

    #[test]
    fn schemas_of_stores_are_understood() {
        for schema in ["", "1a", "A", "a-b", "pg_x", "a\"b", &"a".repeat(60)] {
            let error = Names::new(schema, "p".to_owned()).unwrap_err().to_string();
            assert!(error.contains("1 to 59 small letters"), "{error}");
        }
        Names::new("a", "p.q".to_owned()).unwrap_err();
        let names = Names::new(&"a".repeat(59), "p".to_owned()).unwrap();
        assert_eq!(names.schema().len(), LONGEST);
    }

    #[test]
    fn a_group_is_its_name_and_its_topics() {
        let names = Names::new("a", "p".to_owned()).unwrap();
        let (a, b) = (Topic::Runs, Topic::Signals);
        let both = names.group("g", &[a.clone(), b.clone()]);
        assert_eq!(both, names.group("g", &[b.clone(), a.clone()]));
        assert_ne!(both, names.group("g", &[a]));
        assert_ne!(both, names.group("h", &[b]));
    }
}
