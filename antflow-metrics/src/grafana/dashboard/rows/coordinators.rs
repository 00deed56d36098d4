//! What coordinators do, and whether they keep up.

use super::{Row, WINDOW};
use crate::grafana::dashboard::field::Unit;
use crate::grafana::dashboard::panel::Panel;
use crate::grafana::limits;
use crate::grafana::query::{INSTANCE, Selector, max_by, rate, sum_by};
use crate::labels::{CODE, OUTCOME, VERSION};
use crate::names::{self, coordinator};

pub(super) fn row() -> Row {
    let rate_of = |name| rate(&Selector::chosen(name), WINDOW);
    let last_look = Selector::chosen(coordinator::LAST_LOOK_TIMESTAMP_SECONDS);
    let panels = vec![
        Panel::lines("Leases reaped", Unit::PerSecond)
            .describe("Leases that were ended because nobody extended them, or because their grace was over.")
            .ask(format!("sum({})", rate_of(coordinator::LEASES_REAPED_TOTAL)), "reaped"),
        Panel::lines("Events to the bus", Unit::PerSecond)
            .describe("Events of the store that were said on the bus, and tries that failed.")
            .ask(sum_by(&[OUTCOME], &rate_of(coordinator::EVENTS_TOTAL)), "{{outcome}}"),
        Panel::lines("Events that wait", Unit::Count)
            .describe("Events that wait to be said on the bus. A number that grows says that coordinators, or the bus, do not keep up.")
            .ask(
                format!("max({})", Selector::chosen(coordinator::OUTBOX_EVENTS)),
                "waiting",
            ),
        Panel::lines("Age of the oldest event", Unit::Seconds)
            .describe("How long the oldest event waits to be said on the bus. The alert fires above the dashed line.")
            .attention_from(limits::OUTBOX_AGE)
            .ask(
                format!("max({})", Selector::chosen(coordinator::OUTBOX_AGE_SECONDS)),
                "oldest",
            ),
        Panel::lines("Coordinator functions", Unit::PerSecond)
            .describe("Attempts of coordinator functions that ended.")
            .outcomes()
            .ask(sum_by(&[OUTCOME], &rate_of(coordinator::FUNCTIONS_TOTAL)), "{{outcome}}"),
        Panel::lines("Functions that run", Unit::Count)
            .describe("Coordinator functions that run at the moment.")
            .ask(
                format!("sum({})", Selector::chosen(coordinator::FUNCTIONS_RUNNING)),
                "running",
            ),
        Panel::lines("Warnings", Unit::PerSecond)
            .describe("What coordinators warn of, in the log and on the bus.")
            .ask(sum_by(&[CODE], &rate_of(coordinator::WARNINGS_TOTAL)), "{{code}}"),
        Panel::lines("Trouble of coordinators", Unit::PerSecond)
            .describe("Requests that the store did not carry out, and loops that panicked and began again.")
            .ask(format!("sum({})", rate_of(coordinator::STORE_ERRORS_TOTAL)), "store errors")
            .ask(format!("sum({})", rate_of(coordinator::RESTARTS_TOTAL)), "restarts"),
        Panel::lines("Rows removed", Unit::PerSecond)
            .describe("Runs, events, letters and workers that were removed from the store because they were old.")
            .ask(format!("sum({})", rate_of(coordinator::PURGED_TOTAL)), "removed"),
        Panel::lines("Time since a look into the store", Unit::Seconds)
            .describe("How long ago each coordinator last saw how much of what there is: what this dashboard shows of the store is so old.")
            .ask(
                format!("time() - {}", max_by(&[INSTANCE], &format!("{last_look} > 0"))),
                "{{instance}}",
            ),
        Panel::words("Versions of the cluster", Unit::Count)
            .describe("The versions of antflow that are running.")
            .ask(
                format!("count by ({VERSION}) ({})", Selector::chosen(names::BUILD_INFO)),
                "{{version}}",
            ),
    ];
    Row {
        title: "Coordinators",
        panels,
    }
}
