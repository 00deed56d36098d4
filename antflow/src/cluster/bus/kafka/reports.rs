use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// What librdkafka says beside its answers: it is logged, and the last error is kept, as answers seldom say why.
#[derive(Debug, Clone, Default)]
pub(super) struct Reports(Arc<Mutex<Option<Report>>>);

/// An error of a client, not of something that it was asked.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) code: Option<RDKafkaErrorCode>,
    pub(super) text: String,
}

impl Reports {
    /// The last error since one was taken.
    pub(super) fn take(&self) -> Option<Report> {
        // Nothing that is done under this lock can panic halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, report: Report) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        // The options of the URL are for producers and consumers, and each skips what is the other's.
        let is_expected = facility == "CONFWARN" && text.contains("property and will be ignored");
        if (level as i32) <= (RDKafkaLogLevel::Warning as i32) && !is_expected {
            crate::log::error!(%facility, %text, "the client of Kafka has trouble");
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        crate::log::error!(%error, %reason, "the client of Kafka has an error");
        self.keep(Report {
            code: error.rdkafka_error_code(),
            text: reason.to_owned(),
        });
    }
}
