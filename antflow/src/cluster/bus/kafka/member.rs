use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::desk::{Desk, Place};
use super::reports::Reports;

/// What librdkafka tells a consumer, all of it on the consumer's thread: nothing here waits for anything.
pub(super) struct Member {
    reports: Reports,
    desk: Arc<Desk>,
    /// Fetches nothing now, and nothing from partitions that it is given meanwhile.
    is_paused: AtomicBool,
    /// Was it told which partitions are its own, if any?
    has_joined: AtomicBool,
    /// Is a commit under way?
    is_committing: AtomicBool,
    /// Was something given since that commit began?
    is_behind: AtomicBool,
}

impl Member {
    pub(super) fn new(reports: Reports, desk: Arc<Desk>) -> Self {
        Self {
            reports,
            desk,
            is_paused: AtomicBool::new(true),
            has_joined: AtomicBool::new(false),
            is_committing: AtomicBool::new(false),
            is_behind: AtomicBool::new(false),
        }
    }

    pub(super) fn has_joined(&self) -> bool {
        self.has_joined.load(Ordering::Relaxed)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::Relaxed)
    }

    /// Fetches nothing, or goes on with it.
    pub(super) fn set_paused(
        &self,
        consumer: &impl Consumer<Self>,
        is_paused: bool,
    ) -> KafkaResult<()> {
        if self.is_paused() == is_paused {
            return Ok(());
        }
        let partitions = consumer.assignment()?;
        if is_paused {
            consumer.pause(&partitions)?;
        } else {
            consumer.resume(&partitions)?;
        }
        self.is_paused.store(is_paused, Ordering::Relaxed);
        Ok(())
    }

    /// Commits what was given, as soon as the commit before is done.
    pub(super) fn settle(&self, consumer: &impl Consumer<Self>) {
        self.store(consumer);
        if !self.is_behind.load(Ordering::Relaxed) || self.is_committing.load(Ordering::Relaxed) {
            return;
        }
        self.is_behind.store(false, Ordering::Relaxed);
        self.is_committing.store(true, Ordering::Relaxed);
        if let Err(error) = consumer.commit_consumer_state(CommitMode::Async) {
            self.is_committing.store(false, Ordering::Relaxed);
            log_commit(&error);
        }
    }

    /// Tells librdkafka what was given: it commits that before it lets a partition go.
    fn store(&self, consumer: &impl Consumer<Self>) {
        for place in self.desk.take_given() {
            let Place {
                topic,
                partition,
                offset,
            } = &place;
            match consumer.store_offset(topic, *partition, *offset) {
                Ok(()) => self.is_behind.store(true, Ordering::Relaxed),
                // The partition is another member's by now, who repeats it.
                Err(KafkaError::StoreOffset(Code::State)) => {}
                Err(error) => log_commit(&error),
            }
        }
    }
}

fn log_commit(error: &KafkaError) {
    // There may be nothing to commit, and what is not committed now is committed later.
    if error.rdkafka_error_code() != Some(Code::NoOffset) {
        crate::log::error!(%error, "what a member has heard could not be committed");
    }
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        self.reports.log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.reports.error(error, reason);
    }
}

impl ConsumerContext for Member {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(partitions) = rebalance {
            self.store(consumer);
            for partition in partitions.elements() {
                self.desk.forget(partition.topic(), partition.partition());
            }
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(partitions) = rebalance {
            self.has_joined.store(true, Ordering::Relaxed);
            // A partition that was paused when it was lost is so still, though it may be wanted by now.
            let done = if self.is_paused() {
                consumer.pause(partitions)
            } else {
                consumer.resume(partitions)
            };
            if let Err(error) = done {
                crate::log::error!(%error, "new partitions could not be paused, or not be resumed");
            }
        }
        self.desk.ask();
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        self.is_committing.store(false, Ordering::Relaxed);
        if let Err(error) = result {
            log_commit(&error);
        }
        self.desk.ask();
    }
}
