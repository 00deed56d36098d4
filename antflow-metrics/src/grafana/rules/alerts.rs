//! What somebody should look at, and what to do then.

use super::recording;
use super::yaml::Yaml;
use crate::grafana::limits;
use crate::grafana::query::{INSTANCE, JOB, Selector, increase, sum_by};
use crate::labels::{PIPELINE, SINK, STAGE};
use crate::names;

/// How soon somebody should look.
#[derive(Debug, Clone, Copy)]
pub(in crate::grafana) enum Severity {
    /// When there is time.
    Info,
    /// Today.
    Warning,
    /// Now.
    Critical,
}

impl Severity {
    /// The value of the label `severity`.
    pub(in crate::grafana) fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// A condition that somebody is told of.
#[derive(Debug, Clone)]
pub(in crate::grafana) struct Alert {
    pub(in crate::grafana) name: &'static str,
    pub(in crate::grafana) severity: Severity,
    /// How long the condition holds before it is told.
    pub(in crate::grafana) hold: Option<&'static str>,
    /// What the condition is, in words.
    pub(in crate::grafana) about: String,
    /// What the condition is, in PromQL.
    pub(in crate::grafana) expr: String,
    /// One line, with places for the labels.
    pub(super) summary: &'static str,
    /// What is known, with places for labels and the value.
    pub(super) description: &'static str,
    /// What to look at and to do, in this order.
    pub(in crate::grafana) steps: &'static [&'static str],
}

impl Alert {
    /// As a rule.
    pub(super) fn write(&self, yaml: &mut Yaml) {
        yaml.rule("alert", self.name, &self.about);
        yaml.lines(8, "expr", &self.expr);
        if let Some(hold) = self.hold {
            yaml.word(8, "for", hold);
        }
        yaml.map(8, "labels");
        yaml.word(10, "severity", self.severity.name());
        yaml.map(8, "annotations");
        yaml.prose(10, "summary", self.summary);
        yaml.prose(10, "description", self.description);
        yaml.prose(10, "runbook", &self.steps.join(" "));
    }
}

/// The alerts about pipelines.
pub(super) fn alerts() -> Vec<Alert> {
    vec![
        stalled(),
        failure_ratio_high(),
        backlog_growing(),
        events_dropped(),
        workers_saturated(),
    ]
}

fn stalled() -> Alert {
    let last = names::PIPELINE_LAST_PROGRESS_TIMESTAMP_SECONDS;
    Alert {
        name: "AntflowPipelineStalled",
        severity: Severity::Critical,
        hold: Some("10m"),
        about: "Items are in flight, and for more than ten minutes none has reached its outcome."
            .to_owned(),
        // The time since the last progress is no measure of its own: after an idle night it is long when the first
        // item comes. So progress only has to be recent, and the alert waits until there has been none for so long.
        expr: format!(
            "{} > 0\nunless\n{last} > time() - 300",
            names::ITEMS_IN_FLIGHT
        ),
        summary: "Pipeline {{ $labels.pipeline }} is stuck.",
        description: "Pipeline {{ $labels.pipeline }} of {{ $labels.job }} ({{ $labels.instance }}) has {{ $value }} \
                      items in flight, and none has reached its outcome for more than ten minutes.",
        steps: &[
            "Look for the stage whose workers all hold an item while its busy ratio is zero: the tasks of that stage do not return.",
            "See whether what they call (a database, a service, a lock) answers; give the task a timeout, so that an attempt ends and is tried again.",
            "If a stage is paused, or its rate is set very low, resume it or raise its rate.",
            "If single items of this pipeline take longer than ten minutes, raise the `for` of this alert.",
        ],
    }
}

fn failure_ratio_high() -> Alert {
    let (ratio, volume) = (recording::FAILURE_RATIO, recording::TRIED);
    Alert {
        name: "AntflowFailureRatioHigh",
        severity: Severity::Warning,
        hold: Some("5m"),
        about: format!(
            "More than {} of the items that completed or failed within ten minutes failed, and there were at least {} of them.",
            limits::percent(limits::FAILURE_RATIO),
            limits::FAILURE_VOLUME,
        ),
        expr: format!(
            "{ratio} > {}\nand\n{volume} >= {}",
            limits::FAILURE_RATIO,
            limits::FAILURE_VOLUME
        ),
        summary: "Items of pipeline {{ $labels.pipeline }} fail.",
        description: "{{ $value | humanizePercentage }} of the items of pipeline {{ $labels.pipeline }} of {{ $labels.job }} \
                      failed in the last ten minutes.",
        steps: &[
            "See in which stage they fail (panel \"Items by outcome\") and how: by errors, timeouts or panics (panel \"Attempts by outcome\").",
            "Read what the errors say, from the results, the error summary or the log of the program.",
            "If something that the task calls is down, pause the stage until it is back: items then wait where they would fail.",
            "The results say which items failed: feed those again when the cause is gone.",
        ],
    }
}

fn backlog_growing() -> Alert {
    Alert {
        name: "AntflowBacklogGrowing",
        severity: Severity::Warning,
        hold: Some("10m"),
        about: format!(
            "The queue of a stage has been more than {} full for ten minutes.",
            limits::percent(limits::QUEUE_FILL)
        ),
        expr: format!("{} > {}", recording::QUEUE_FILL, limits::QUEUE_FILL),
        summary: "Items wait before stage {{ $labels.stage }} of pipeline {{ $labels.pipeline }}.",
        description: "The queue of stage {{ $labels.stage }} of pipeline {{ $labels.pipeline }} of {{ $labels.job }} \
                      ({{ $labels.instance }}) is {{ $value | humanizePercentage }} full. Whoever feeds it is held back.",
        steps: &[
            "Look at the queues of the stages behind it: the last one that is full belongs to the stage that is too slow.",
            "See whether that stage is slower than it was (panel \"Duration of an attempt\") or tries more often (panel \"Retries\").",
            "Give it more workers if its busy ratio is high and the machine has room; raise its limits if it waits for them.",
            "A batch that is fed as fast as possible has full queues by design: leave its pipeline out of this alert.",
        ],
    }
}

fn events_dropped() -> Alert {
    let dropped = increase(&Selector::all(names::EVENTS_DROPPED_TOTAL), "10m");
    Alert {
        name: "AntflowEventsDropped",
        severity: Severity::Warning,
        hold: None,
        about: "A receiver of events lost some within ten minutes.".to_owned(),
        expr: format!("{} > 0", sum_by(&[JOB, INSTANCE, PIPELINE, SINK], &dropped)),
        summary: "Receiver {{ $labels.sink }} of pipeline {{ $labels.pipeline }} misses events.",
        description: "About {{ $value | humanize }} events of pipeline {{ $labels.pipeline }} of {{ $labels.job }} \
                      ({{ $labels.instance }}) were dropped because {{ $labels.sink }} was too slow. What it knows is incomplete.",
        steps: &[
            "No item is lost: only what this receiver knows of the run is incomplete.",
            "Make the receiver faster, or let it ask for fewer events: those of failures alone are few.",
            "If it has to see every event, let the run wait for it instead of dropping.",
        ],
    }
}

fn workers_saturated() -> Alert {
    let waiting = format!("max_over_time({}[5m])", names::STAGE_QUEUE_DEPTH);
    let waiting = sum_by(&[JOB, INSTANCE, PIPELINE, STAGE], &waiting);
    Alert {
        name: "AntflowWorkersSaturated",
        severity: Severity::Info,
        hold: Some("15m"),
        about: format!(
            "The workers of a stage have worked more than {} of their time for a quarter of an hour, and items wait for them.",
            limits::percent(limits::BUSY_RATIO)
        ),
        expr: format!(
            "{} > {}\nand\n{waiting} > 0",
            recording::BUSY_RATIO,
            limits::BUSY_RATIO
        ),
        summary: "Stage {{ $labels.stage }} of pipeline {{ $labels.pipeline }} is at its limit.",
        description: "The workers of stage {{ $labels.stage }} of pipeline {{ $labels.pipeline }} of {{ $labels.job }} \
                      ({{ $labels.instance }}) work {{ $value | humanizePercentage }} of their time, and items wait.",
        steps: &[
            "This stage sets the speed of the pipeline. Nothing is wrong if that speed is enough.",
            "If its tasks wait for something else, give it more workers.",
            "If its tasks compute, more workers than cores do not help: make the task faster, or run the pipeline on more machines.",
        ],
    }
}
