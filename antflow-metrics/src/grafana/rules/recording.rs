//! What is recorded.

use super::yaml::Yaml;
use crate::grafana::query::{INSTANCE, JOB, Selector, increase, quantile, rate, sum_by};
use crate::labels::{OUTCOME, PIPELINE, STAGE, TASK, outcome};
use crate::names;

/// The time over which rates of stages and tasks are taken.
const WINDOW: &str = "5m";

/// The time over which failures are counted: long enough for pipelines with few items.
const FAILURE_WINDOW: &str = "10m";

/// The part of a pipeline's items that failed.
pub(super) const FAILURE_RATIO: &str = "pipeline:antflow_items_failed:ratio_rate10m";

/// How many items of a pipeline completed or failed.
pub(super) const TRIED: &str = "pipeline:antflow_items_tried:increase10m";

/// The part of its workers' time in which a stage works.
pub(super) const BUSY_RATIO: &str = "stage:antflow_workers_busy:ratio_rate5m";

/// How full the queue of a stage is.
pub(super) const QUEUE_FILL: &str = "stage:antflow_queue_fill:ratio";

/// What 95 % of the attempts of a task stay below.
const TASK_P95: &str = "task:antflow_task_duration_seconds:p95_rate5m";

/// Something that Prometheus computes again and again, and keeps under a name.
#[derive(Debug, Clone)]
pub(in crate::grafana) struct Recording {
    /// The name of the series.
    pub(in crate::grafana) name: &'static str,
    /// What the series says.
    pub(in crate::grafana) about: &'static str,
    /// What is computed.
    pub(in crate::grafana) expr: String,
}

impl Recording {
    /// As a rule.
    pub(super) fn write(&self, yaml: &mut Yaml) {
        yaml.rule("record", self.name, self.about);
        yaml.lines(8, "expr", &self.expr);
    }
}

/// All recording rules.
pub(in crate::grafana) fn recordings() -> Vec<Recording> {
    let tried = || Selector::all(names::ITEMS_TOTAL).without(OUTCOME, outcome::CANCELLED);
    let failed = Selector::all(names::ITEMS_TOTAL).with(OUTCOME, outcome::FAILED);
    let worked = Selector::all(names::STAGE_DURATION_SECONDS).sum();
    vec![
        Recording {
            name: FAILURE_RATIO,
            about: "The part of a pipeline's items that failed, of those that completed or failed. No series while none does.",
            expr: format!(
                "{}\n/\n({} > 0)",
                of_pipeline(&rate(&failed, FAILURE_WINDOW)),
                of_pipeline(&rate(&tried(), FAILURE_WINDOW)),
            ),
        },
        Recording {
            name: TRIED,
            about: "How many items of a pipeline completed or failed.",
            expr: of_pipeline(&increase(&tried(), FAILURE_WINDOW)),
        },
        Recording {
            name: BUSY_RATIO,
            about: "The part of its workers' time in which a stage works, without waiting, in each process.",
            expr: format!(
                "{}\n/\n({} > 0)",
                of_stage(&rate(&worked, WINDOW)),
                of_stage(names::STAGE_WORKERS),
            ),
        },
        Recording {
            name: QUEUE_FILL,
            about: "How full the queue of a stage is, in each process.",
            expr: format!(
                "{}\n/\n({} > 0)",
                of_stage(names::STAGE_QUEUE_DEPTH),
                of_stage(names::STAGE_QUEUE_CAPACITY),
            ),
        },
        Recording {
            name: TASK_P95,
            about: "What 95 % of the attempts of a task stay below, in seconds.",
            expr: quantile(
                0.95,
                &[JOB, PIPELINE, STAGE, TASK],
                Selector::all(names::TASK_DURATION_SECONDS),
                WINDOW,
            ),
        },
    ]
}

fn of_pipeline(series: &str) -> String {
    sum_by(&[JOB, PIPELINE], series)
}

fn of_stage(series: &str) -> String {
    sum_by(&[JOB, INSTANCE, PIPELINE, STAGE], series)
}
