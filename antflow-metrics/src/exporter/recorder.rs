use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit as MetricsUnit,
};
use metrics_exporter_prometheus::{PrometheusHandle, PrometheusRecorder};

use super::histogram::BucketHistogram;
use crate::catalog::{self, Kind, Metric, Unit};

/// Keeps the histograms of antflow itself, and has the library keep the rest.
#[derive(Debug)]
pub(super) struct ExporterRecorder {
    rest: PrometheusRecorder,
    /// By name and labels, so that families are together and in the same order each time.
    histograms: RwLock<BTreeMap<Key, Series>>,
}

/// One histogram of antflow with its labels.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) metric: &'static Metric,
    pub(super) histogram: Arc<BucketHistogram>,
}

impl ExporterRecorder {
    pub(super) fn new(rest: PrometheusRecorder) -> Self {
        for metric in catalog::ALL {
            let name = KeyName::from_const_str(metric.name);
            let unit = Some(unit(metric.unit));
            match metric.kind {
                Kind::Counter => rest.describe_counter(name, unit, metric.help.into()),
                Kind::Gauge => rest.describe_gauge(name, unit, metric.help.into()),
                // Theirs are written from the catalog, with what is kept here.
                Kind::Histogram(_) => {}
            }
        }
        Self {
            rest,
            histograms: RwLock::default(),
        }
    }

    /// What renders and looks after all metrics but the histograms of antflow.
    pub(super) fn rest(&self) -> PrometheusHandle {
        self.rest.handle()
    }

    /// The histograms of antflow, those of one name in a row.
    pub(super) fn histograms(&self) -> Vec<(Key, Series)> {
        let histograms = self
            .histograms
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        histograms
            .iter()
            .map(|(key, series)| (key.clone(), series.clone()))
            .collect()
    }

    fn histogram(
        &self,
        key: &Key,
        metric: &'static Metric,
        bounds: &'static [f64],
    ) -> Arc<BucketHistogram> {
        let mut histograms = self
            .histograms
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let series = histograms
            .entry(key.to_retained())
            .or_insert_with(|| Series {
                metric,
                histogram: Arc::new(BucketHistogram::new(bounds)),
            });
        Arc::clone(&series.histogram)
    }
}

impl Recorder for ExporterRecorder {
    fn describe_counter(&self, key: KeyName, unit: Option<MetricsUnit>, help: SharedString) {
        self.rest.describe_counter(key, unit, help);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<MetricsUnit>, help: SharedString) {
        self.rest.describe_gauge(key, unit, help);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<MetricsUnit>, help: SharedString) {
        self.rest.describe_histogram(key, unit, help);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.rest.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.rest.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        if let Some(metric) = catalog::find(key.name())
            && let Kind::Histogram(bounds) = metric.kind
        {
            Histogram::from_arc(self.histogram(key, metric, bounds))
        } else {
            self.rest.register_histogram(key, metadata)
        }
    }
}

fn unit(unit: Unit) -> MetricsUnit {
    match unit {
        Unit::Count => MetricsUnit::Count,
        Unit::Seconds => MetricsUnit::Seconds,
        Unit::Bytes => MetricsUnit::Bytes,
    }
}
