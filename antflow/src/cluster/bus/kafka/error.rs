//! What errors of librdkafka are, and what to do about them. The values of options are in none of them.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::types::RDKafkaConfRes;

use super::super::BusError;
use super::reports::Reports;

pub(super) fn refused(reason: impl Into<String>) -> BusError {
    BusError::Refused {
        reason: reason.into(),
    }
}

/// The broker does not answer, for a reason that clients may have reported.
pub(super) fn unavailable(
    what: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    reports: &Reports,
) -> BusError {
    let source = source.into();
    let reason = match reports.recent() {
        Some(report) => match report.code.and_then(remedy) {
            Some(remedy) => return refused(format!("{what}: {}; {remedy}", report.text)),
            None => format!("{what}: {source}: {}", report.text),
        },
        None => format!("{what}: {source}"),
    };
    BusError::Unavailable {
        reason,
        source: Some(source),
    }
}

/// What an error is of something that was asked.
pub(super) fn of(what: &str, error: KafkaError, reports: &Reports) -> BusError {
    match code(&error).and_then(remedy) {
        Some(remedy) => refused(format!("{what}: {error}; {remedy}")),
        None => unavailable(what, error, reports),
    }
}

/// What an error is of something that was said.
pub(super) fn of_publishing(
    topic: &str,
    bytes: usize,
    error: KafkaError,
    reports: &Reports,
) -> BusError {
    let is_too_large = matches!(
        code(&error),
        Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize | Code::MessageBatchTooLarge)
    );
    if is_too_large {
        return refused(format!(
            "a post of {bytes} bytes is too large for `{topic}`: say less, or raise `message.max.bytes` of the URL and \
             of the brokers, or `max.message.bytes` of the topic"
        ));
    }
    of(&format!("saying something on `{topic}`"), error, reports)
}

/// What is wrong with the options: never with what their values are.
pub(super) fn of_options(error: &KafkaError) -> BusError {
    const WHERE: &str = "librdkafka's CONFIGURATION.md has what there is";
    match error {
        KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, _, key, _) => {
            refused(format!("there is no option `{key}`: {WHERE}"))
        }
        KafkaError::ClientConfig(_, _, key, _) => refused(format!(
            "the value of the option `{key}` is not one that it takes, or this build does not have it: {WHERE}; \
             encryption needs the feature `kafka-ssl`"
        )),
        error => refused(format!("the options do not go together: {error}")),
    }
}

/// Does it say that a topic is not there?
pub(super) fn is_topic_gone(error: &KafkaError) -> bool {
    matches!(
        code(error),
        Some(Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition)
    )
}

/// Does it say that the client is of no more use?
pub(super) fn is_fatal(error: &KafkaError) -> bool {
    matches!(error, KafkaError::MessageConsumptionFatal(_)) || code(error) == Some(Code::Fatal)
}

pub(super) fn code(error: &KafkaError) -> Option<Code> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        error => error.rdkafka_error_code(),
    }
}

/// What to do about what does not pass by itself.
pub(super) fn remedy(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::IllegalSASLState => {
            "look at `security.protocol`, `sasl.mechanism`, `sasl.username` and `sasl.password`"
        }
        Code::SSL => "look at `security.protocol` and the options that begin with `ssl.`",
        Code::TopicAuthorizationFailed => {
            "the user needs the rights to describe, read and write the topic"
        }
        Code::GroupAuthorizationFailed => "the user needs the right to read with the group",
        Code::ClusterAuthorizationFailed => {
            "the user needs the right to write idempotently, or the URL `enable.idempotence=false`"
        }
        Code::InvalidTopic => "the brokers do not take this name",
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            "the topic is gone, and is made when something is said on it again"
        }
        Code::UnsupportedFeature | Code::UnsupportedVersion => {
            "the brokers are too old for it: before 0.11, the URL needs `api.version.request=false` and \
             `broker.version.fallback` with their version"
        }
        Code::InvalidGroupId => "the brokers do not take the name of this group",
        Code::InvalidSessionTimeout => {
            "set `session.timeout.ms` to what is between `group.min.session.timeout.ms` and \
             `group.max.session.timeout.ms` of the brokers"
        }
        Code::InconsistentGroupProtocol => {
            "all members of a group have to have the same `partition.assignment.strategy`"
        }
        Code::InvalidReplicationFactor | Code::InvalidPartitions => {
            "set `replication` and `partitions` to what the brokers can do"
        }
        Code::PolicyViolation | Code::InvalidConfig => {
            "make the topic by hand, as the policy of the brokers asks"
        }
        _ => return None,
    })
}
