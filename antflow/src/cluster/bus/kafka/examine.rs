//! What is said of brokers to who looks for what is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::producer::Producer as _;

use super::super::BusError;
use super::client::Clients;
use super::error;
use super::names::Names;
use super::producer::Speaker;
use super::topics::{QUESTION, blocking};
use crate::cluster::protocol::Topic;
use crate::cluster::{Finding, Role};

/// A topic as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    partitions: usize,
    /// Of the partition that has the fewest.
    replicas: usize,
    /// Partitions that nobody leads.
    orphans: usize,
}

/// Looks at the brokers, and at the topics of these roles.
pub(super) async fn examine(
    clients: &Arc<Clients>,
    speaker: &Speaker,
    names: &Names,
    roles: Vec<Role>,
) -> Result<Vec<Finding>, BusError> {
    let mut wanted = Vec::new();
    for role in roles {
        for topic in [Topic::Commands(role.clone()), Topic::Status(role)] {
            wanted.push(names.topic(&topic)?);
        }
    }
    let (clients, producer) = (Arc::clone(clients), speaker.producer());
    blocking(move || {
        let asked = producer.client().fetch_metadata(None, QUESTION);
        let what = "asking the brokers for their topics";
        let metadata = asked.map_err(|error| error::of(what, error, clients.reports()))?;
        let brokers = metadata.brokers().len();
        let shapes = shapes(&metadata);
        let mut findings = vec![Finding::fine("bus: brokers", format!("{brokers} of Kafka"))];
        findings.extend(
            wanted
                .iter()
                .map(|name| topic(name, shapes.get(name), brokers)),
        );
        Ok(findings)
    })
    .await
}

fn shapes(metadata: &Metadata) -> BTreeMap<String, Shape> {
    let there = metadata
        .topics()
        .iter()
        .filter(|topic| topic.error().is_none());
    there
        .map(|topic| (topic.name().to_owned(), shape(topic)))
        .collect()
}

fn shape(topic: &MetadataTopic) -> Shape {
    let partitions = topic.partitions();
    Shape {
        partitions: partitions.len(),
        replicas: partitions
            .iter()
            .map(|part| part.replicas().len())
            .min()
            .unwrap_or(0),
        orphans: partitions.iter().filter(|part| part.leader() < 0).count(),
    }
}

fn topic(name: &str, shape: Option<&Shape>, brokers: usize) -> Finding {
    let what = format!("bus: topic `{name}`");
    let Some(shape) = shape else {
        return Finding::fine(what, "not there yet: it is made when it is first needed");
    };
    let said = format!(
        "{} partitions, {} replicas",
        shape.partitions, shape.replicas
    );
    if shape.orphans > 0 {
        let said = format!("{said}, of which {} have no leader", shape.orphans);
        return Finding::problem(what, said, "start the brokers that have them");
    }
    if shape.replicas < 2 && brokers > 1 {
        let advice = "it is gone with its broker: raise its replication factor; new topics get that of `replication` in \
                      the URL";
        return Finding::warning(what, said, advice);
    }
    Finding::fine(what, said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Severity;

    #[test]
    fn topics_have_leaders_and_replicas() {
        let shape = |replicas, orphans| Shape {
            partitions: 8,
            replicas,
            orphans,
        };
        let severity = |shape: Option<&Shape>, brokers| topic("t", shape, brokers).severity;
        assert_eq!(severity(None, 3), Severity::Fine);
        assert_eq!(severity(Some(&shape(1, 0)), 1), Severity::Fine);
        assert_eq!(severity(Some(&shape(1, 0)), 3), Severity::Warning);
        assert_eq!(severity(Some(&shape(3, 0)), 3), Severity::Fine);
        assert_eq!(severity(Some(&shape(3, 1)), 3), Severity::Problem);
    }
}
