//! Whether what the other rows show can be trusted.

use super::{Row, WINDOW};
use crate::grafana::dashboard::field::Unit;
use crate::grafana::dashboard::panel::Panel;
use crate::grafana::query::{INSTANCE, JOB, Selector, UP, rate, sum_by};
use crate::labels::{PIPELINE, SINK, VERSION};
use crate::names;

pub(super) fn row() -> Row {
    let dropped = Selector::chosen(names::EVENTS_DROPPED_TOTAL);
    let build_info = Selector::chosen(names::BUILD_INFO);
    let panels = vec![
        Panel::lines("Dropped events", Unit::PerSecond)
            .describe("Events that were dropped because a receiver was too slow. What that receiver knows is incomplete; items are not touched by it.")
            .ask(sum_by(&[PIPELINE, SINK], &rate(&dropped, WINDOW)), "{{pipeline}} {{sink}}"),
        Panel::words("Versions", Unit::Count)
            .describe("The versions of antflow that are running.")
            .ask(format!("count by ({VERSION}) ({build_info})"), "{{version}}"),
        Panel::lines("Scrapes that succeed", Unit::OnOff)
            .describe("Whether Prometheus reaches the processes that had metrics of antflow within the time range. While it does not, all other panels lack their data.")
            .ask(
                // With all jobs chosen, the first part alone would show what else Prometheus scrapes.
                format!(
                    "{} and on ({JOB}, {INSTANCE}) last_over_time({build_info}[$__range])",
                    Selector::chosen(UP),
                ),
                "{{job}} {{instance}}",
            ),
    ];
    Row {
        title: "Exporter",
        panels,
    }
}
