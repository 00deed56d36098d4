use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// What librdkafka says beside its answers: it is logged, and the last error is kept, as answers seldom say why.
#[derive(Debug, Clone, Default)]
pub(super) struct Reports(Arc<Mutex<Option<Report>>>);

/// An error of a client, not of something that it was asked.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) code: Option<Code>,
    pub(super) text: String,
    at: Instant,
}

/// An error that is older has nothing to do with what is asked now.
const RECENT: Duration = Duration::from_secs(30);

impl Report {
    fn is_recent(&self) -> bool {
        self.at.elapsed() < RECENT
    }
}

impl Reports {
    /// The last error, if it is recent.
    pub(super) fn recent(&self) -> Option<Report> {
        self.last().clone().filter(Report::is_recent)
    }

    fn last(&self) -> MutexGuard<'_, Option<Report>> {
        // Nothing that is done under this lock can panic halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let code = error.rdkafka_error_code();
        let is_unreachable = matches!(
            code,
            Some(Code::BrokerTransportFailure | Code::Resolve | Code::AllBrokersDown)
        );
        // What is wrong with a connection is in the log as well.
        if !is_unreachable {
            crate::log::error!(%error, %reason, "the client of Kafka has an error");
        }
        let mut last = self.last();
        // That all brokers are gone says less than why one is.
        if code != Some(Code::AllBrokersDown) || !last.as_ref().is_some_and(Report::is_recent) {
            *last = Some(Report {
                code,
                text: reason.to_owned(),
                at: Instant::now(),
            });
        }
    }
}
