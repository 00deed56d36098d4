//! What recording metrics of pipelines and of clusters has in common: labels, descriptions, totals.

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, SharedString};

use crate::catalog::{Kind, Metric, Unit};
use crate::labels;

/// How far a counter was counted.
#[derive(Debug, Default)]
pub(crate) struct Total(u64);

impl Total {
    pub(crate) fn count(&mut self, total: u64, counter: &Counter) {
        // What is read from counters that go on may be behind what was read before.
        counter.increment(total.saturating_sub(self.0));
        self.0 = self.0.max(total);
    }
}

/// Counts several.
pub(crate) fn count<const N: usize>(
    totals: &mut [Total; N],
    now: [u64; N],
    counters: &[Counter; N],
) {
    for ((total, now), counter) in totals.iter_mut().zip(now).zip(counters) {
        total.count(now, counter);
    }
}

/// Labels that several series have.
#[derive(Clone)]
pub(crate) struct Labels<'r> {
    recorder: &'r dyn Recorder,
    labels: Vec<Label>,
}

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

impl<'r> Labels<'r> {
    /// No labels.
    #[cfg(feature = "cluster")]
    pub(crate) fn none(recorder: &'r dyn Recorder) -> Self {
        Self {
            recorder,
            labels: Vec::new(),
        }
    }

    /// One label.
    pub(crate) fn new(
        recorder: &'r dyn Recorder,
        name: &'static str,
        value: impl Into<SharedString>,
    ) -> Self {
        Self {
            recorder,
            labels: vec![Label::new(name, value)],
        }
    }

    /// The same labels and one more.
    pub(crate) fn and(&self, name: &'static str, value: impl Into<SharedString>) -> Self {
        let more = std::iter::once(Label::new(name, value));
        Self {
            recorder: self.recorder,
            labels: self.labels.iter().cloned().chain(more).collect(),
        }
    }

    fn key(&self, name: &'static str) -> Key {
        Key::from_parts(name, self.labels.clone())
    }

    pub(crate) fn counter(&self, name: &'static str) -> Counter {
        self.recorder.register_counter(&self.key(name), &METADATA)
    }

    /// A counter for each outcome.
    pub(crate) fn counters<const N: usize>(
        &self,
        name: &'static str,
        outcomes: [&'static str; N],
    ) -> [Counter; N] {
        self.counters_by(labels::OUTCOME, name, outcomes)
    }

    /// A counter for each value of a label.
    pub(crate) fn counters_by<const N: usize>(
        &self,
        label: &'static str,
        name: &'static str,
        values: [&'static str; N],
    ) -> [Counter; N] {
        values.map(|value| self.and(label, value).counter(name))
    }

    pub(crate) fn gauge(&self, name: &'static str) -> Gauge {
        self.recorder.register_gauge(&self.key(name), &METADATA)
    }

    pub(crate) fn histogram(&self, name: &'static str) -> Histogram {
        self.recorder.register_histogram(&self.key(name), &METADATA)
    }
}

/// Tells a recorder what these metrics are.
pub(crate) fn describe(recorder: &dyn Recorder, metrics: &[Metric]) {
    for metric in metrics {
        let unit = match metric.unit {
            Unit::Count => metrics::Unit::Count,
            Unit::Seconds => metrics::Unit::Seconds,
            Unit::Bytes => metrics::Unit::Bytes,
        };
        let (name, help) = (metric.name.into(), metric.help.into());
        match metric.kind {
            Kind::Counter => recorder.describe_counter(name, Some(unit), help),
            Kind::Gauge => recorder.describe_gauge(name, Some(unit), help),
            Kind::Histogram(_) => recorder.describe_histogram(name, Some(unit), help),
        }
    }
}
