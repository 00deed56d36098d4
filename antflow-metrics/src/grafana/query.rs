//! PromQL, put together from names and labels.

use std::fmt::{self, Display, Formatter};

use crate::{catalog, labels};

/// The label that says which scrape job a series is from.
pub(super) const JOB: &str = "job";

/// The label that says which process a series is from.
pub(super) const INSTANCE: &str = "instance";

/// The label of a bucket's upper bound.
pub(super) const LE: &str = "le";

/// What Prometheus knows of a process that it scrapes.
pub(super) const UP: &str = "up";

/// The labels of a metric that a dashboard has a variable for.
pub(super) const VARIABLES: &[&str] =
    &[JOB, INSTANCE, labels::PIPELINE, labels::STAGE, labels::ROLE];

/// The series of one metric.
#[derive(Debug, Clone)]
pub(super) struct Selector {
    metric: String,
    matchers: Vec<String>,
}

impl Selector {
    /// All series of this metric.
    pub(super) fn all(metric: &str) -> Self {
        let (metric, matchers) = (metric.to_owned(), Vec::new());
        Self { metric, matchers }
    }

    /// The series of this metric that the dashboard's variables select.
    pub(super) fn chosen(metric: &str) -> Self {
        let own = catalog::find(metric).map_or(&[][..], |metric| metric.labels);
        let has = |label: &&str| [JOB, INSTANCE].contains(label) || own.contains(label);
        Self::chosen_by(metric, VARIABLES.iter().copied().filter(has))
    }

    /// The series of this metric that these variables select.
    pub(super) fn chosen_by<'a>(
        metric: &str,
        variables: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let matchers = variables
            .into_iter()
            .map(|label| format!("{label}=~\"${label}\""));
        Self {
            metric: metric.to_owned(),
            matchers: matchers.collect(),
        }
    }

    /// Those whose label has this value.
    pub(super) fn with(mut self, label: &str, value: &str) -> Self {
        self.matchers.push(format!("{label}=\"{value}\""));
        self
    }

    /// Those whose label has another value.
    pub(super) fn without(mut self, label: &str, value: &str) -> Self {
        self.matchers.push(format!("{label}!=\"{value}\""));
        self
    }

    /// The buckets of a histogram.
    pub(super) fn bucket(self) -> Self {
        self.suffixed("_bucket")
    }

    /// The sum of a histogram.
    pub(super) fn sum(self) -> Self {
        self.suffixed("_sum")
    }

    /// The number of values of a histogram.
    pub(super) fn count(self) -> Self {
        self.suffixed("_count")
    }

    fn suffixed(mut self, suffix: &str) -> Self {
        self.metric.push_str(suffix);
        self
    }
}

impl Display for Selector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        if self.matchers.is_empty() {
            return Ok(());
        }
        write!(f, "{{{}}}", self.matchers.join(", "))
    }
}

/// How much it rises in a second.
pub(super) fn rate(series: &Selector, window: &str) -> String {
    format!("rate({series}[{window}])")
}

/// How much it rises in this time.
pub(super) fn increase(series: &Selector, window: &str) -> String {
    format!("increase({series}[{window}])")
}

/// One sum for each combination of these labels.
pub(super) fn sum_by(labels: &[&str], what: &str) -> String {
    format!("sum by ({}) ({what})", labels.join(", "))
}

/// The greatest for each combination of these labels.
pub(super) fn max_by(labels: &[&str], what: &str) -> String {
    format!("max by ({}) ({what})", labels.join(", "))
}

/// A quantile of a histogram, for each combination of these labels.
pub(super) fn quantile(quantile: f64, by: &[&str], histogram: Selector, window: &str) -> String {
    let by = [by, &[LE]].concat();
    let buckets = sum_by(&by, &rate(&histogram.bucket(), window));
    format!("histogram_quantile({quantile}, {buckets})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    #[test]
    fn variables_select_by_the_labels_that_a_metric_has() {
        let chosen = |name| Selector::chosen(name).to_string();
        assert_eq!(
            chosen(names::ITEMS_IN_FLIGHT),
            r#"antflow_items_in_flight{job=~"$job", instance=~"$instance", pipeline=~"$pipeline"}"#
        );
        assert!(chosen(names::STAGE_WORKERS).ends_with(r#", stage=~"$stage"}"#));
        assert_eq!(chosen(UP), r#"up{job=~"$job", instance=~"$instance"}"#);
    }

    #[test]
    fn matchers_go_behind_the_suffix() {
        let wait = Selector::all(names::STAGE_QUEUE_WAIT_SECONDS).with(labels::STAGE, "Parse");
        assert_eq!(
            rate(&wait.clone().sum(), "5m"),
            r#"rate(antflow_stage_queue_wait_seconds_sum{stage="Parse"}[5m])"#
        );
        assert_eq!(
            quantile(0.95, &[labels::STAGE], wait, "5m"),
            "histogram_quantile(0.95, sum by (stage, le) \
             (rate(antflow_stage_queue_wait_seconds_bucket{stage=\"Parse\"}[5m])))"
        );
    }
}
