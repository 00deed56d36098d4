use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::metadata::MetadataPartition;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::super::{BusError, Post};
use super::client::{Clients, Consumer};
use super::desk::{Desk, Heard, Place};
use super::inbox::KafkaInbox;
use super::member::Member;
use super::{ANSWER, each, error, group};
use crate::cluster::protocol::Topic;

/// What threads are called.
pub(super) const THREAD: &str = "antflow-kafka";

/// How long to wait before brokers are asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// What the thread of an inbox has to know. The thread is where librdkafka may block.
pub(super) struct Listener {
    pub(super) clients: Arc<Clients>,
    /// The topics, by the names that brokers know them by.
    pub(super) topics: Vec<(String, Topic)>,
    pub(super) desk: Arc<Desk>,
    /// Cancelled when the bus is gone.
    pub(super) closing: CancellationToken,
}

/// Told once, when an inbox is ready, or why it will not be.
pub(super) type Ready = oneshot::Sender<Result<(), BusError>>;

/// Starts to listen; returns once what is said afterwards is heard.
pub(super) async fn start(
    clients: Arc<Clients>,
    topics: Vec<(String, Topic)>,
    group: Option<String>,
    closing: CancellationToken,
) -> Result<KafkaInbox, BusError> {
    let desk = Arc::new(Desk::new(group.is_some()));
    // From here on, dropping this ends the thread.
    let inbox = KafkaInbox::new(Arc::clone(&desk));
    let (ready, is_ready) = oneshot::channel();
    let listener = Listener {
        clients,
        topics,
        desk,
        closing,
    };
    let thread = std::thread::Builder::new().name(THREAD.to_owned());
    let started = thread.spawn(move || listener.run(group, ready));
    started.map_err(|error| no_thread(error.into()))?;
    is_ready
        .await
        .unwrap_or_else(|error| Err(no_thread(error.into())))?;
    Ok(inbox)
}

fn no_thread(source: Box<dyn std::error::Error + Send + Sync>) -> BusError {
    BusError::Unavailable {
        reason: format!("an inbox of Kafka needs a thread: {source}"),
        source: Some(source),
    }
}

impl Listener {
    fn run(&self, group: Option<String>, ready: Ready) {
        // However this ends, the inbox hears of it.
        let _ends = Ends(&self.desk);
        // Of its own: that of the user may stand still, or be gone before this has ended.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                // Whoever started this may be gone.
                let _ = ready.send(Err(no_thread(error.into())));
                return;
            }
        };
        runtime.block_on(async {
            match group {
                Some(group) => group::hear(self, &group, ready).await,
                None => each::hear(self, ready).await,
            }
        });
    }

    pub(super) fn consumer(&self, group: &str) -> Result<Consumer, BusError> {
        let reports = self.clients.reports().clone();
        let member = Member::new(reports, Arc::clone(&self.desk));
        self.clients.consumer(group, member)
    }

    /// The numbers of a topic's partitions.
    pub(super) fn partitions(&self, consumer: &Consumer, name: &str) -> Result<Vec<i32>, BusError> {
        let what = format!("asking for the partitions of `{name}`");
        self.patiently(&what, || {
            let metadata = consumer.fetch_metadata(Some(name), ANSWER)?;
            let found = metadata.topics().iter().find(|topic| topic.name() == name);
            let topic = found.ok_or(KafkaError::MetadataFetch(Code::UnknownTopic))?;
            match topic.error() {
                Some(error) => Err(KafkaError::MetadataFetch(error.into())),
                None => Ok(topic
                    .partitions()
                    .iter()
                    .map(MetadataPartition::id)
                    .collect()),
            }
        })
    }

    /// Where the next post of a partition will be.
    pub(super) fn end_of(
        &self,
        consumer: &Consumer,
        name: &str,
        partition: i32,
    ) -> Result<i64, BusError> {
        let what = format!("asking for the end of `{name}`");
        let (_, end) =
            self.patiently(&what, || consumer.fetch_watermarks(name, partition, ANSWER))?;
        Ok(end)
    }

    pub(super) fn error(&self, what: &str, error: KafkaError) -> BusError {
        error::of(what, error, self.clients.reports())
    }

    /// Asks something until there is an answer, or it will not come in time.
    pub(super) fn patiently<T>(
        &self,
        what: &str,
        ask: impl Fn() -> KafkaResult<T>,
    ) -> Result<T, BusError> {
        let begun = Instant::now();
        loop {
            let error = match ask() {
                Ok(answer) => return Ok(answer),
                Err(error) => self.error(what, error),
            };
            let is_final = matches!(error, BusError::Refused { .. });
            if is_final || begun.elapsed() >= ANSWER {
                return Err(error);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Puts on the desk what was heard.
    pub(super) fn put(&self, heard: KafkaResult<BorrowedMessage<'_>>) {
        match heard {
            Ok(message) => self.put_message(&message),
            // Other brokers may be there; it is logged when it happens.
            Err(error) if is_of_one_broker(&error) => {}
            Err(error) => {
                self.desk.fail(self.error("hearing the brokers", error));
            }
        }
    }

    fn put_message(&self, message: &BorrowedMessage<'_>) {
        let name = message.topic();
        let Some((_, topic)) = self.topics.iter().find(|(known, _)| known == name) else {
            crate::log::error!(%name, "a post came from a topic that nobody listens to");
            return;
        };
        let key = String::from_utf8_lossy(message.key().unwrap_or_default());
        self.desk.put(Heard {
            post: Post {
                topic: topic.clone(),
                key: key.into_owned(),
                bytes: message.payload().unwrap_or_default().into(),
            },
            place: Place {
                topic: name.to_owned(),
                partition: message.partition(),
                offset: message.offset(),
            },
        });
    }
}

fn is_of_one_broker(error: &KafkaError) -> bool {
    let code = error::code(error);
    matches!(code, Some(Code::BrokerTransportFailure | Code::Resolve))
}

struct Ends<'a>(&'a Desk);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
