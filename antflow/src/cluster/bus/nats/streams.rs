//! The streams of a bus: made if they are not there, taken as they are otherwise.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{
    Config, ConsumerErrorKind, DiscardPolicy, RetentionPolicy, StorageType, Stream,
};
use async_nats::jetstream::{Context, ErrorCode};

use super::super::BusError;
use super::error::{jetstream, no_jetstream, unavailable};
use super::names::{Names, Way};
use super::options::NatsOptions;

/// How old hints become that nobody hears. Idle workers find the work in the store long before.
const HINTS_AGE: Duration = Duration::from_secs(3600);

/// How many hints, or events, are kept at most.
const MESSAGES: i64 = 1_000_000;

/// How long a post may be on its way to somebody who does not confirm that it was heard; then another one gets it.
const ACK_WAIT: Duration = Duration::from_secs(5);

/// How long the server remembers a group of which nobody asks.
const GROUP_AGE: Duration = Duration::from_secs(24 * 3600);

/// How many members of a group may wait at once.
const MOST_WAITING: i64 = 4096;

/// The streams in which hints and events are.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    hints: Stream,
    events: Stream,
}

impl Streams {
    /// Looks for them, and makes those that are missing.
    pub(super) async fn open(
        context: &Context,
        names: &Names,
        options: &NatsOptions,
    ) -> Result<Self, BusError> {
        let base = |way| Config {
            name: names.stream(way),
            subjects: names.subjects(way),
            storage: StorageType::File,
            discard: DiscardPolicy::Old,
            num_replicas: options.replicas,
            max_messages: MESSAGES,
            ..Config::default()
        };
        // Each group hears a hint once, and then it goes; of events, others may want to know later.
        let hints = Config {
            retention: RetentionPolicy::Interest,
            max_age: HINTS_AGE,
            ..base(Way::Hint)
        };
        let events = Config {
            retention: RetentionPolicy::Limits,
            max_age: options.events_age,
            max_bytes: options.events_bytes.unwrap_or(-1),
            ..base(Way::Event)
        };
        Ok(Self {
            hints: open(context, hints).await?,
            events: open(context, events).await?,
        })
    }

    /// Asks the server something that it knows.
    pub(super) async fn ask(&self, context: &Context) -> Result<(), BusError> {
        const WHAT: &str = "asking for the stream of hints";
        let name = &self.hints.cached_info().config.name;
        let asked = context.get_stream(name).await;
        asked.map(drop).map_err(|error| match error.kind() {
            GetStreamErrorKind::JetStream(error) => jetstream(WHAT, error),
            _ => unavailable(WHAT, error),
        })
    }

    /// The consumer of a group, from which each of its members takes.
    pub(super) async fn consumer(
        &self,
        way: Way,
        name: &str,
        subject: &str,
    ) -> Result<PullConsumer, BusError> {
        let stream = match way {
            Way::Hint => &self.hints,
            Way::Event | Way::Plain => &self.events,
        };
        // A stream that somebody else has made to be a work queue allows nothing else.
        let deliver_policy = match stream.cached_info().config.retention {
            RetentionPolicy::WorkQueue => DeliverPolicy::All,
            RetentionPolicy::Limits | RetentionPolicy::Interest => DeliverPolicy::New,
        };
        let config = pull::Config {
            durable_name: Some(name.to_owned()),
            filter_subject: subject.to_owned(),
            deliver_policy,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            inactive_threshold: GROUP_AGE,
            max_waiting: MOST_WAITING,
            ..pull::Config::default()
        };
        match stream.get_or_create_consumer(name, config.clone()).await {
            // Somebody else of the group was there first.
            Err(error) if is_there(&error.kind()) => stream
                .get_or_create_consumer(name, config)
                .await
                .map_err(consuming),
            made => made.map_err(consuming),
        }
    }
}

fn is_there(kind: &ConsumerErrorKind) -> bool {
    let ConsumerErrorKind::JetStream(error) = kind else {
        return false;
    };
    let code = error.error_code();
    code == ErrorCode::CONSUMER_NAME_EXIST || code == ErrorCode::CONSUMER_ALREADY_EXISTS
}

fn consuming(error: async_nats::jetstream::stream::ConsumerError) -> BusError {
    const WHAT: &str = "making the consumer of a group";
    match error.kind() {
        ConsumerErrorKind::JetStream(error) => jetstream(WHAT, error),
        _ => unavailable(WHAT, error),
    }
}

/// A stream of this name, or another one that has its subjects, whatever it is like; or a new one.
async fn open(context: &Context, config: Config) -> Result<Stream, BusError> {
    let name = config.name.clone();
    let looking = format!("looking for the stream `{name}`");
    match context.get_stream(&name).await {
        Ok(stream) => return Ok(stream),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {}
            GetStreamErrorKind::JetStream(error) => return Err(jetstream(&looking, error)),
            _ if is_unanswered(&error) => return Err(no_jetstream()),
            _ => return Err(unavailable(looking, error)),
        },
    }
    let making = format!("making the stream `{name}`");
    let error = match context.create_stream(&config).await {
        Ok(stream) => return Ok(stream),
        Err(error) => error,
    };
    let other = match error.kind() {
        // Another process was there first.
        CreateStreamErrorKind::JetStream(error)
            if error.error_code() == ErrorCode::STREAM_NAME_EXIST =>
        {
            name
        }
        CreateStreamErrorKind::JetStream(error)
            if error.error_code() == ErrorCode::STREAM_SUBJECT_OVERLAP =>
        {
            let subject = config.subjects.first().cloned().unwrap_or_default();
            let name = context.stream_by_subject(subject).await;
            name.map_err(|error| unavailable(making.clone(), error))?
        }
        CreateStreamErrorKind::JetStream(error) => return Err(jetstream(&making, error)),
        CreateStreamErrorKind::JetStreamUnavailable => return Err(no_jetstream()),
        _ => return Err(unavailable(making, error)),
    };
    let stream = context.get_stream(other).await;
    stream.map_err(|error| unavailable(making, error))
}

/// Is nobody there to answer? So it is with a server that has no JetStream.
fn is_unanswered(error: &(dyn std::error::Error + 'static)) -> bool {
    use async_nats::jetstream::context::{RequestError, RequestErrorKind};
    let mut next = Some(error);
    while let Some(error) = next {
        let request = error.downcast_ref::<RequestError>();
        if request.is_some_and(|request| request.kind() == RequestErrorKind::NoResponders) {
            return true;
        }
        next = error.source();
    }
    false
}
