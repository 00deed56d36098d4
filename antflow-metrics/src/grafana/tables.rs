//! Parts of the documentation that are written from the constants: metrics, rules, alerts.

use std::fmt::Write as _;

use super::expressions::Subject;
use super::files::ORIGIN;
use super::rules;
use crate::catalog::{Kind, Metric};

/// A table of metrics.
pub(super) fn metrics(metrics: &[Metric]) -> String {
    let mut text = table(["metric", "type", "labels", "what it says"]);
    for metric in metrics {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels: Vec<_> = metric.labels.iter().map(|it| format!("`{it}`")).collect();
        let labels = labels.join(", ");
        row(&mut text, [&code(metric.name), kind, &labels, metric.help]);
    }
    text
}

/// A table of what is recorded.
pub(super) fn recordings() -> String {
    let mut text = table(["series", "what it says"]);
    for rule in rules::recordings() {
        row(&mut text, [&code(rule.name), rule.about]);
    }
    text
}

/// What each alert means, and what to do.
pub(super) fn alerts(subject: Subject) -> String {
    let mut text = comment();
    for alert in rules::alerts(subject) {
        let about = alert.about.trim_end_matches('.');
        let hold = alert.hold.map(|it| format!(", after {it}"));
        let (name, severity) = (alert.name, alert.severity.name());
        let hold = hold.unwrap_or_default();
        write!(text, "\n### {name}\n\n{about} ({severity}{hold}).\n\n")
            .expect("text has room for text");
        for (number, step) in (1..).zip(alert.steps) {
            writeln!(text, "{number}. {step}").expect("text has room for text");
        }
    }
    text
}

fn comment() -> String {
    format!("<!-- {ORIGIN} -->\n")
}

fn table<const N: usize>(head: [&str; N]) -> String {
    let mut text = comment() + "\n";
    row(&mut text, head);
    row(&mut text, ["---"; N]);
    text
}

fn row<const N: usize>(text: &mut String, cells: [&str; N]) {
    writeln!(text, "| {} |", cells.join(" | ")).expect("text has room for text");
}

fn code(name: &str) -> String {
    format!("`{name}`")
}
