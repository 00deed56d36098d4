use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::metadata::Metadata;
use rdkafka::producer::Producer as _;
use tokio::sync::OnceCell;

use super::super::BusError;
use super::ANSWER;
use super::client::{Clients, Producer};
use super::error::{self, refused};
use super::producer::Speaker;

/// Knows which topics are there, and makes those that are not.
pub(super) struct Topics {
    clients: Arc<Clients>,
    /// A cell is set once its topic is there. Who needs the same topic meanwhile waits for who makes it.
    known: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
}

/// How long one question may take, before it is asked again.
pub(super) const QUESTION: Duration = Duration::from_secs(2);

/// How long a topic may be unknown that brokers make when it is asked for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long to wait before brokers are asked again.
const PAUSE: Duration = Duration::from_millis(50);

impl Topics {
    pub(super) fn new(clients: Arc<Clients>) -> Self {
        Self {
            clients,
            known: Mutex::default(),
        }
    }

    /// Asks which topics there are: the first thing that a broker is asked.
    pub(super) async fn learn(&self, speaker: &Speaker) -> Result<(), BusError> {
        let clients = Arc::clone(&self.clients);
        let producer = speaker.producer();
        let names = blocking(move || list(&clients, &producer)).await?;
        let there = |name| (name, Arc::new(OnceCell::new_with(Some(()))));
        self.known().extend(names.into_iter().map(there));
        Ok(())
    }

    /// Makes a topic, unless it is there.
    pub(super) async fn ensure(&self, name: &str, speaker: &Speaker) -> Result<(), BusError> {
        let cell = Arc::clone(self.known().entry(name.to_owned()).or_default());
        let make = || {
            let clients = Arc::clone(&self.clients);
            let producer = speaker.producer();
            let name = name.to_owned();
            blocking(move || make(&clients, &producer, &name))
        };
        cell.get_or_try_init(make).await.copied()
    }

    /// Looks for a topic again when it is needed.
    pub(super) fn forget(&self, name: &str) {
        self.known().remove(name);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<OnceCell<()>>>> {
        // Nothing that is done under this lock can panic halfway.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does something that blocks its thread.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BusError> + Send + 'static,
) -> Result<T, BusError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(BusError::Unavailable {
            reason: "asking the brokers was not finished".to_owned(),
            source: Some(error.into()),
        })
    })
}

fn list(clients: &Clients, producer: &Producer) -> Result<Vec<String>, BusError> {
    let begun = Instant::now();
    loop {
        let error = match producer.client().fetch_metadata(None, QUESTION) {
            Ok(metadata) => return Ok(names(&metadata)),
            Err(error) => error,
        };
        let error = error::of(
            "asking the brokers for their topics",
            error,
            clients.reports(),
        );
        // Whoever is not let in is not let in later.
        if matches!(error, BusError::Refused { .. }) || begun.elapsed() >= ANSWER {
            return Err(error);
        }
        std::thread::sleep(PAUSE);
    }
}

fn names(metadata: &Metadata) -> Vec<String> {
    let topics = metadata.topics().iter();
    let there = topics.filter(|topic| topic.error().is_none());
    there.map(|topic| topic.name().to_owned()).collect()
}

/// Makes a topic by a request, and otherwise by asking for it, which makes it where brokers are set up so.
fn make(clients: &Clients, producer: &Producer, name: &str) -> Result<(), BusError> {
    let refusal = create(clients, name)?;
    let begun = Instant::now();
    loop {
        let state = match producer.client().fetch_metadata(Some(name), QUESTION) {
            Ok(metadata) => state(&metadata, name),
            Err(error) => Err(Some(error)),
        };
        match state {
            Ok(()) => return Ok(()),
            Err(Some(error)) => {
                let is_unknown = error::is_topic_gone(&error);
                let what = format!("looking for the topic `{name}`");
                let error = error::of(&what, error, clients.reports());
                if is_unknown && begun.elapsed() >= PATIENCE {
                    return Err(absent(clients, name, refusal.as_ref()));
                }
                if !is_unknown && matches!(error, BusError::Refused { .. })
                    || begun.elapsed() >= ANSWER
                {
                    return Err(error);
                }
            }
            Err(None) if begun.elapsed() >= ANSWER => {
                return Err(error::unavailable(
                    &format!("waiting for the topic `{name}`"),
                    "it has partitions without a leader",
                    clients.reports(),
                ));
            }
            Err(None) => {}
        }
        std::thread::sleep(PAUSE);
    }
}

/// Is a topic there, with leaders for all its partitions? Not yet, if there is no error.
fn state(metadata: &Metadata, name: &str) -> Result<(), Option<KafkaError>> {
    let found = metadata.topics().iter().find(|topic| topic.name() == name);
    let topic = found.ok_or(None)?;
    if let Some(error) = topic.error() {
        return match Code::from(error) {
            Code::LeaderNotAvailable => Err(None),
            code => Err(Some(KafkaError::MetadataFetch(code))),
        };
    }
    let partitions = topic.partitions();
    let is_led = !partitions.is_empty() && partitions.iter().all(|part| part.leader() >= 0);
    if is_led { Ok(()) } else { Err(None) }
}

/// Asks the brokers to make a topic. Gives why they do not.
fn create(clients: &Clients, name: &str) -> Result<Option<KafkaError>, BusError> {
    let address = clients.address();
    if address.is_old() {
        return Ok(Some(KafkaError::AdminOp(Code::UnsupportedFeature)));
    }
    let admin = clients.admin()?;
    let replication = TopicReplication::Fixed(address.replication);
    let topic = NewTopic::new(name, address.partitions, replication);
    let options = AdminOptions::new()
        .request_timeout(Some(ANSWER))
        .operation_timeout(Some(ANSWER));
    let asked = admin.create_topics([&topic], &options);
    let answers = tokio::runtime::Handle::current().block_on(asked);
    let refusal = match answers {
        Ok(answers) => answers.into_iter().find_map(Result::err),
        Err(error) => return Ok(Some(error)),
    };
    Ok(refusal
        .filter(|(_, code)| *code != Code::TopicAlreadyExists)
        .map(|(_, code)| KafkaError::AdminOp(code)))
}

/// Why a topic is not there, and how somebody else makes it.
fn absent(clients: &Clients, name: &str, refusal: Option<&KafkaError>) -> BusError {
    let why = refusal.map_or_else(
        || "it is not there although it was made".to_owned(),
        |error| match error::code(error).and_then(error::remedy) {
            Some(remedy) => format!("{error}; {remedy}"),
            None => error.to_string(),
        },
    );
    let partitions = clients.address().partitions.max(1);
    refused(format!(
        "there is no topic `{name}`, and the brokers do not make it ({why}): set `auto.create.topics.enable=true` for \
         them, or make it by `kafka-topics.sh --create --topic {name} --partitions {partitions}`"
    ))
}
