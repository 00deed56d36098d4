use std::collections::BTreeMap;
use std::time::Duration;

use antflow::cluster::Role;
use antflow::cluster::protocol::Metrics;
use antflow::cluster::store::StoreError;
use antflow::cluster::worker::{
    AttemptOutcome, BatchOutcome, WorkerEvent, WorkerStats, WorkerView, memory_usage,
};
use metrics::{Counter, Gauge, Histogram, Recorder};

use super::values::Values;
use super::{Settings, describe_all};
use crate::labels;
use crate::names::worker as names;
use crate::recording::{Labels, Total, count};

/// The workers that have not ended, and what is recorded of them.
#[derive(Default)]
pub(super) struct Workers {
    running: Vec<Worker>,
    roles: BTreeMap<Role, RoleSeries>,
    series: Option<Series>,
}

/// A worker, and how far its numbers were counted.
struct Worker {
    view: WorkerView,
    heartbeats: [Total; 2],
    messages: [Total; 4],
    failed_cleanups: Total,
    stuck_batches: Total,
}

/// Series without a role.
struct Series {
    capacity: Gauge,
    lease_ttl: Gauge,
    /// In the order of [`labels::heartbeat::ALL`].
    heartbeats: [Counter; 2],
    heartbeat_age: Gauge,
    /// In the order of [`labels::message::ALL`].
    messages: [Counter; 4],
    /// In the order of [`labels::store_error::ALL`].
    store_errors: [Counter; 2],
    failed_cleanups: Counter,
    stuck_batches: Counter,
    memory: Gauge,
}

struct RoleSeries {
    /// In the order of [`labels::claim::ALL`].
    claims: [Counter; 2],
    running: Gauge,
    /// In the order of [`labels::batch::ALL`].
    batches: [Counter; 4],
    batch_duration: Histogram,
    commit_duration: Histogram,
    /// In the order of [`labels::node::ALL`].
    attempts: [Counter; 5],
    failures: Values<Counter>,
    reported: Values<(f64, Gauge)>,
    lease_margin: Histogram,
}

impl Workers {
    pub(super) fn begin(&mut self, view: WorkerView, settings: &Settings) {
        if self.series.is_none() {
            self.series = Some(settings.record(Series::register));
        }
        for role in view.running().into_keys() {
            self.role(&role, settings);
        }
        self.running.push(Worker {
            view,
            heartbeats: Default::default(),
            messages: Default::default(),
            failed_cleanups: Total::default(),
            stuck_batches: Total::default(),
        });
        self.collect();
    }

    fn role(&mut self, role: &Role, settings: &Settings) -> &mut RoleSeries {
        self.roles
            .entry(role.clone())
            .or_insert_with(|| settings.record(|recorder| RoleSeries::register(recorder, role)))
    }

    pub(super) fn event(&mut self, event: &WorkerEvent<'_>, settings: &Settings) {
        match *event {
            WorkerEvent::Claimed { role, is_resumed } => {
                self.role(role, settings).claims[usize::from(is_resumed)].increment(1);
            }
            WorkerEvent::Batch {
                role,
                outcome,
                took,
            } => self.role(role, settings).batch(outcome, took),
            WorkerEvent::Commit {
                role,
                batches,
                duplicates,
                took,
            } => {
                let role_name = role;
                let role = self.role(role, settings);
                let new = batches
                    .iter()
                    .filter(|batch| !duplicates.contains(&batch.uid));
                for batch in new {
                    role.batches[0].increment(1);
                    role.report(role_name, &batch.metrics, settings);
                }
                role.batches[1].increment(duplicates.len() as u64);
                role.commit_duration.record(took.as_secs_f64());
            }
            WorkerEvent::Skipped { role, batches } => {
                self.role(role, settings).batches[1].increment(batches);
            }
            WorkerEvent::Attempt {
                role,
                outcome,
                failure,
            } => {
                let code = failure.map(|failure| failure.code.as_str());
                let series = self.role(role, settings);
                series.attempt(role, outcome, code, settings);
            }
            WorkerEvent::Extended { role, left } => {
                let margin = &self.role(role, settings).lease_margin;
                margin.record(left.as_secs_f64());
            }
            WorkerEvent::StoreError { error } => {
                if let Some(series) = &self.series {
                    let is_refusal = !matches!(error, StoreError::Unavailable { .. });
                    series.store_errors[usize::from(is_refusal)].increment(1);
                }
            }
            _ => {}
        }
    }

    /// Records what the workers have counted since this was called before, and how they are.
    pub(super) fn collect(&mut self) {
        let Some(series) = &self.series else {
            return;
        };
        let mut levels = Levels::default();
        self.running.retain_mut(|worker| {
            // Asked first: a worker that ends in between is looked at once more.
            let has_ended = worker.view.has_ended();
            let stats = worker.view.stats();
            worker.count(&stats, series);
            if !has_ended {
                levels.add(&worker.view, &stats);
            }
            !has_ended
        });
        levels.set(series, &self.roles);
    }
}

impl Worker {
    fn count(&mut self, stats: &WorkerStats, series: &Series) {
        let heartbeats = [stats.heartbeats, stats.failed_heartbeats];
        count(&mut self.heartbeats, heartbeats, &series.heartbeats);
        let not_heard = stats.repeated_messages + stats.dead_letters;
        let messages = [
            stats.messages.saturating_sub(not_heard),
            stats.repeated_messages,
            stats.dead_letters,
            stats.unsaid,
        ];
        count(&mut self.messages, messages, &series.messages);
        self.failed_cleanups
            .count(stats.failed_cleanups, &series.failed_cleanups);
        self.stuck_batches
            .count(stats.stuck_batches, &series.stuck_batches);
    }
}

/// What the gauges are to show.
#[derive(Default)]
struct Levels {
    running: BTreeMap<Role, u64>,
    capacity: u64,
    lease_ttl: Option<Duration>,
    heartbeat_age: Duration,
}

impl Levels {
    fn add(&mut self, view: &WorkerView, stats: &WorkerStats) {
        for (role, running) in view.running() {
            *self.running.entry(role).or_default() += running;
        }
        let config = view.config();
        self.capacity += u64::from(config.capacity);
        let least = self.lease_ttl.unwrap_or(config.lease_ttl);
        self.lease_ttl = Some(least.min(config.lease_ttl));
        let age = Duration::from_millis(stats.heartbeat_age_ms.unwrap_or(0));
        self.heartbeat_age = self.heartbeat_age.max(age);
    }

    fn set(&self, series: &Series, roles: &BTreeMap<Role, RoleSeries>) {
        for (role, series) in roles {
            let running = self.running.get(role).copied().unwrap_or(0);
            series.running.set(running as f64);
        }
        series.capacity.set(self.capacity as f64);
        let ttl = self.lease_ttl.unwrap_or_default();
        series.lease_ttl.set(ttl.as_secs_f64());
        series.heartbeat_age.set(self.heartbeat_age.as_secs_f64());
        if let Some(bytes) = memory_usage() {
            series.memory.set(bytes as f64);
        }
    }
}

impl Series {
    fn register(recorder: &dyn Recorder) -> Self {
        describe_all(recorder);
        let of = Labels::none(recorder);
        Self {
            capacity: of.gauge(names::CAPACITY),
            lease_ttl: of.gauge(names::LEASE_TTL_SECONDS),
            heartbeats: of.counters(names::HEARTBEATS_TOTAL, labels::heartbeat::ALL),
            heartbeat_age: of.gauge(names::HEARTBEAT_AGE_SECONDS),
            messages: of.counters(names::MESSAGES_TOTAL, labels::message::ALL),
            store_errors: of.counters_by(
                labels::KIND,
                names::STORE_ERRORS_TOTAL,
                labels::store_error::ALL,
            ),
            failed_cleanups: of.counter(names::FAILED_CLEANUPS_TOTAL),
            stuck_batches: of.counter(names::STUCK_BATCHES_TOTAL),
            memory: of.gauge(names::MEMORY_BYTES),
        }
    }
}

impl RoleSeries {
    fn register(recorder: &dyn Recorder, role: &Role) -> Self {
        let of = Labels::new(recorder, labels::ROLE, role.to_string());
        Self {
            claims: of.counters_by(labels::KIND, names::CLAIMS_TOTAL, labels::claim::ALL),
            running: of.gauge(names::NODES_RUNNING),
            batches: of.counters(names::BATCHES_TOTAL, labels::batch::ALL),
            batch_duration: of.histogram(names::BATCH_DURATION_SECONDS),
            commit_duration: of.histogram(names::COMMIT_DURATION_SECONDS),
            attempts: of.counters(names::ATTEMPTS_TOTAL, labels::node::ALL),
            failures: Values::default(),
            reported: Values::default(),
            lease_margin: of.histogram(names::LEASE_MARGIN_SECONDS),
        }
    }

    fn batch(&mut self, outcome: BatchOutcome, took: Option<Duration>) {
        match outcome {
            BatchOutcome::Failed => self.batches[2].increment(1),
            BatchOutcome::Cancelled => self.batches[3].increment(1),
            // It counts when it is committed.
            _ => {}
        }
        if let Some(took) = took {
            self.batch_duration.record(took.as_secs_f64());
        }
    }

    fn attempt(
        &mut self,
        role: &Role,
        outcome: AttemptOutcome,
        code: Option<&str>,
        settings: &Settings,
    ) {
        let place = match outcome {
            AttemptOutcome::Finished => 0,
            AttemptOutcome::Failed => 1,
            AttemptOutcome::Cancelled => 2,
            AttemptOutcome::Released => 3,
            _ => 4,
        };
        self.attempts[place].increment(1);
        if let Some(code) = code {
            let register = |reason| {
                settings.record(|recorder| {
                    Labels::new(recorder, labels::ROLE, role.to_string())
                        .and(labels::REASON, reason)
                        .counter(names::FAILURES_TOTAL)
                })
            };
            let failures = self.failures.of(code, settings.values, register);
            failures.increment(1);
        }
    }

    fn report(&mut self, role: &Role, numbers: &Metrics, settings: &Settings) {
        for (name, number) in numbers {
            let register = |name| {
                let gauge = settings.record(|recorder| {
                    Labels::new(recorder, labels::ROLE, role.to_string())
                        .and(labels::NAME, name)
                        .gauge(names::REPORTED)
                });
                (0.0, gauge)
            };
            let (sum, gauge) = self.reported.of(name, settings.values, register);
            *sum += number;
            gauge.set(*sum);
        }
    }
}
