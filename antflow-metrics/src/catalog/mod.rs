//! What each metric is: its type, unit, labels and help, for those who register, draw or explain it.

mod cluster;
mod pipelines;

/// A metric of antflow.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// One of [`names`](crate::names).
    pub name: &'static str,
    /// Whether it counts, rises and falls, or tells durations.
    pub kind: Kind,
    /// What its numbers count.
    pub unit: Unit,
    /// Its label names, in their order.
    pub labels: &'static [&'static str],
    /// What it says, in one sentence.
    pub help: &'static str,
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
    /// It counts durations by their length, in buckets with these upper bounds.
    Histogram(&'static [f64]),
}

/// What the numbers of a metric count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Things: items, attempts, events, workers, nodes, batches; or whatever a handler counts.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

/// The metrics of pipelines, in the order in which a dashboard shows them.
pub const PIPELINES: &[Metric] = pipelines::ALL;

/// The metrics of workers and coordinators of a cluster, in the order in which a dashboard shows them.
pub const CLUSTER: &[Metric] = cluster::ALL;

/// All metrics.
pub const ALL: &[Metric] = &all();

const fn all() -> [Metric; PIPELINES.len() + CLUSTER.len()] {
    let mut all = [PIPELINES[0]; PIPELINES.len() + CLUSTER.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < PIPELINES.len() {
            PIPELINES[at]
        } else {
            CLUSTER[at - PIPELINES.len()]
        };
        at += 1;
    }
    all
}

/// The metric of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Metric> {
    ALL.iter().find(|metric| metric.name == name)
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Counter,
        unit: Unit::Count,
        labels,
        help,
    }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Gauge,
        unit: Unit::Count,
        labels,
        help,
    }
}

const fn histogram(
    name: &'static str,
    bounds: &'static [f64],
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Histogram(bounds),
        unit: Unit::Seconds,
        labels,
        help,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{labels, names};

    #[test]
    fn every_name_is_there_once_and_with_its_kind() {
        let of = |is: fn(&Kind) -> bool| -> Vec<_> {
            let metrics = ALL.iter().filter(|metric| is(&metric.kind));
            metrics.map(|metric| metric.name).collect()
        };
        assert_eq!(of(|kind| *kind == Kind::Counter), names::COUNTERS);
        assert_eq!(of(|kind| *kind == Kind::Gauge), names::GAUGES);
        assert_eq!(
            of(|kind| matches!(kind, Kind::Histogram(_))),
            names::HISTOGRAMS
        );
    }

    #[test]
    fn labels_are_known_ones_and_seconds_are_in_the_name() {
        for metric in ALL {
            assert!(
                metric.labels.iter().all(|it| labels::ALL.contains(it)),
                "{metric:?}"
            );
            let seconds = metric.name.ends_with("_seconds");
            assert_eq!(metric.unit == Unit::Seconds, seconds, "{metric:?}");
            let bytes = metric.name.ends_with("_bytes");
            assert_eq!(metric.unit == Unit::Bytes, bytes, "{metric:?}");
            assert!(metric.help.ends_with('.'), "{metric:?}");
        }
    }
}
