//! How often tasks are tried, and how long that takes.

use super::{Row, WINDOW, quantiles};
use crate::grafana::dashboard::field::Unit;
use crate::grafana::dashboard::panel::Panel;
use crate::grafana::query::{Selector, rate, sum_by};
use crate::labels::{OUTCOME, PIPELINE, STAGE, TASK};
use crate::names;

const BY: &[&str] = &[PIPELINE, STAGE, TASK];

pub(super) fn row() -> Row {
    let panels = vec![
        Panel::lines("Attempts by outcome", Unit::PerSecond)
            .describe("Attempts of each task that ended: with a value, an error, a timeout or a panic.")
            .outcomes()
            .ask(
                sum_by(
                    &[PIPELINE, STAGE, TASK, OUTCOME],
                    &rate(&Selector::chosen(names::TASK_ATTEMPTS_TOTAL), WINDOW),
                ),
                "{{stage}} {{task}} {{outcome}}",
            ),
        Panel::lines("Retries", Unit::PerSecond)
            .describe("Attempts that did not succeed and are followed by another one. They cost time, though no item fails by them.")
            .ask(
                sum_by(BY, &rate(&Selector::chosen(names::TASK_RETRIES_TOTAL), WINDOW)),
                "{{stage}} {{task}}",
            ),
        quantiles(
            Panel::lines("Duration of an attempt", Unit::Seconds)
                .describe("Without waiting: what half, 95 % and 99 % of the attempts stay below."),
            names::TASK_DURATION_SECONDS,
            BY,
            [
                "{{stage}} {{task}} p50",
                "{{stage}} {{task}} p95",
                "{{stage}} {{task}} p99",
            ],
        ),
    ];
    Row {
        title: "Tasks",
        panels,
    }
}
