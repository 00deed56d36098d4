//! The names that topics and groups have in NATS.

use std::fmt::Write;

use uuid::Uuid;

use crate::cluster::protocol::Topic;

/// The longest name of a consumer.
const LONGEST: usize = 200;

/// How a topic is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// In the stream of hints: kept until each group has heard it, or it is too old.
    Hint,
    /// In the stream of events: kept for a while, whoever hears it.
    Event,
    /// To those who listen, and kept nowhere.
    Plain,
}

/// Names that begin with a prefix.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    /// The prefix has letters, digits, `-` and `_` alone.
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How a topic is said.
    pub(super) fn way(topic: &Topic) -> Way {
        match topic {
            Topic::Commands(_) | Topic::Announce => Way::Hint,
            Topic::Status(_) | Topic::Runs | Topic::Warnings => Way::Event,
            Topic::Signals | Topic::Artifacts | Topic::Query | Topic::Reply => Way::Plain,
        }
    }

    /// The stream of hints, or of events.
    pub(super) fn stream(&self, way: Way) -> String {
        let kind = if way == Way::Event { "events" } else { "hints" };
        format!("{}-{kind}", self.prefix)
    }

    /// What a stream holds.
    pub(super) fn subjects(&self, way: Way) -> Vec<String> {
        let subjects: &[_] = match way {
            Way::Hint => &["cmd.*.v1", "workers.announce.v1"],
            Way::Event => &["status.*.v1", "runs.v1", "warnings.v1"],
            Way::Plain => &[],
        };
        let full = |subject: &&str| format!("{}.{subject}", self.prefix);
        subjects.iter().map(full).collect()
    }

    /// Where a topic is said. Its name, with the role as one token.
    pub(super) fn subject(&self, topic: &Topic) -> String {
        let name = match topic {
            Topic::Commands(role) => format!("cmd.{}.v1", token(role.as_str())),
            Topic::Status(role) => format!("status.{}.v1", token(role.as_str())),
            others => others.to_string(),
        };
        format!("{}.{name}", self.prefix)
    }

    /// The consumer of a group on one of the topics that it listens to. Groups that listen to other topics are others.
    pub(super) fn consumer(group: &str, topic: &Topic, topics: &[Topic]) -> String {
        // No token has `==` in it.
        let mut name = format!("{}=={}", token(group), token(&topic.to_string()));
        if topics.len() > 1 {
            let mut all: Vec<_> = topics
                .iter()
                .map(|topic| token(&topic.to_string()))
                .collect();
            all.sort();
            let all = Uuid::new_v5(&Uuid::NAMESPACE_OID, all.join("==").as_bytes());
            name = format!("{name}=={}", all.simple());
        }
        shortened(name)
    }
}

/// A text as one token of a subject: what such a token may not have is written as `=` and its number.
fn token(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) {
            token.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(token, "={byte:02X}");
        }
    }
    token
}

/// A name that is too long for a consumer, with what is cut off as a number.
fn shortened(name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let number = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
    // It has plain letters alone.
    format!("{}=={}", &name[..LONGEST - 40], number.simple())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_valid_and_differ() {
        let names = Names::new("p".to_owned());
        let mut seen = BTreeSet::new();
        for role in [
            "r",
            "R",
            "a_b-1",
            "a.b",
            "a=2Eb",
            "*",
            ">",
            "r s",
            "ü",
            &"x".repeat(300),
        ] {
            let topic = Topic::Commands(role.into());
            let subject = names.subject(&topic);
            assert_eq!(subject.split('.').count(), 4, "{subject}");
            assert!(!subject.contains([' ', '*', '>']), "{subject}");
            assert!(seen.insert(subject));
            let consumer = Names::consumer(role, &topic, std::slice::from_ref(&topic));
            assert!(
                !consumer.contains(['.', ' ', '*', '>', '/', '\\']),
                "{consumer}"
            );
            assert!(consumer.len() <= LONGEST);
            assert!(seen.insert(consumer));
        }
        assert_eq!(
            names.subject(&Topic::Commands("a_b".into())),
            "p.cmd.a_b.v1"
        );
        assert_eq!(names.subject(&Topic::Runs), "p.runs.v1");
        assert_eq!(names.stream(Way::Hint), "p-hints");
    }

    #[test]
    fn a_group_is_its_name_and_its_topics() {
        let (a, b) = (Topic::Commands("a".into()), Topic::Announce);
        let both = [a.clone(), b.clone()];
        let turned = [b.clone(), a.clone()];
        let of_both = Names::consumer("g", &a, &both);
        assert_eq!(of_both, Names::consumer("g", &a, &turned));
        assert_ne!(of_both, Names::consumer("g", &b, &both));
        assert_ne!(of_both, Names::consumer("g", &a, std::slice::from_ref(&a)));
    }
}
