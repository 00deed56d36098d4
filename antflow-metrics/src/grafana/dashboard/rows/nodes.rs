//! What becomes of nodes, and why they fail.

use super::{Row, WINDOW};
use crate::grafana::dashboard::field::Unit;
use crate::grafana::dashboard::panel::Panel;
use crate::grafana::query::{Selector, rate, sum_by};
use crate::labels::{KIND, OUTCOME, REASON, ROLE};
use crate::names::worker;

pub(super) fn row() -> Row {
    let by = |name, labels: &[&str]| sum_by(labels, &rate(&Selector::chosen(name), WINDOW));
    let panels = vec![
        Panel::lines("Nodes taken", Unit::PerSecond)
            .describe("Nodes that workers claimed, or took up again when their process was started again.")
            .ask(by(worker::CLAIMS_TOTAL, &[ROLE, KIND]), "{{role}} {{kind}}"),
        Panel::lines("Attempts by how they ended", Unit::PerSecond)
            .describe("Attempts of nodes. Given back at a shutdown is released; lost are those whose lease was lost.")
            .outcomes()
            .ask(by(worker::ATTEMPTS_TOTAL, &[ROLE, OUTCOME]), "{{role}} {{outcome}}"),
        Panel::lines("Failures by reason", Unit::PerSecond)
            .describe("Attempts that failed, by the reason code that the handler or the worker gave.")
            .ask(by(worker::FAILURES_TOTAL, &[ROLE, REASON]), "{{role}} {{reason}}"),
        Panel::lines("Failed cleanups", Unit::PerSecond)
            .describe("Cleanups of handlers that failed, panicked or took too long: what they hold may be held for ever.")
            .ask(
                format!("sum({})", rate(&Selector::chosen(worker::FAILED_CLEANUPS_TOTAL), WINDOW)),
                "cleanups",
            ),
    ];
    Row {
        title: "Nodes",
        panels,
    }
}
