use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::error::KafkaError;
use rdkafka::producer::FutureRecord;

use super::super::{BusError, Post};
use super::client::{Clients, Closing, Producer};
use super::error;

/// Says what is to be said.
pub(super) struct Speaker {
    clients: Arc<Clients>,
    /// Another one, once librdkafka says that it is of no more use.
    producer: Mutex<Arc<Closing<Producer>>>,
}

impl Speaker {
    pub(super) fn new(clients: Arc<Clients>) -> Result<Self, BusError> {
        let producer = Mutex::new(Arc::new(clients.producer()?));
        Ok(Self { clients, producer })
    }

    pub(super) fn producer(&self) -> Arc<Closing<Producer>> {
        // Nothing that is done under this lock can panic halfway.
        let producer = self.producer.lock();
        Arc::clone(&producer.unwrap_or_else(PoisonError::into_inner))
    }

    /// Says something, and waits until all replicas that are there have it.
    ///
    /// The time that this takes is bounded by librdkafka, by `message.timeout.ms`.
    pub(super) async fn say(&self, topic: &str, post: &Post) -> Result<(), KafkaError> {
        let producer = self.producer();
        let record = FutureRecord::to(topic).key(&post.key).payload(&*post.bytes);
        let said = match producer.send_result(record) {
            Ok(delivery) => match delivery.await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err((error, _))) => Err(error),
                Err(_) => Err(KafkaError::Canceled),
            },
            Err((error, _)) => Err(error),
        };
        if said.as_ref().is_err_and(error::is_fatal) {
            self.replace(&producer);
        }
        said
    }

    /// Makes another producer, unless somebody has.
    fn replace(&self, broken: &Arc<Closing<Producer>>) {
        let mut producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&producer, broken) {
            return;
        }
        match self.clients.producer() {
            Ok(made) => *producer = Arc::new(made),
            Err(error) => crate::log::error!(%error, "a producer of Kafka cannot be replaced"),
        }
    }
}
