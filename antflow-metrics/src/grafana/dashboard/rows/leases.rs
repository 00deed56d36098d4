//! Do leases hold, and do store and bus answer?

use super::{Row, WINDOW};
use crate::grafana::dashboard::field::Unit;
use crate::grafana::dashboard::panel::Panel;
use crate::grafana::limits;
use crate::grafana::query::{INSTANCE, Selector, max_by, quantile, rate, sum_by};
use crate::labels::{KIND, OUTCOME, ROLE};
use crate::names::worker;

pub(super) fn row() -> Row {
    let age = Selector::chosen(worker::HEARTBEAT_AGE_SECONDS).to_string();
    let ttl = Selector::chosen(worker::LEASE_TTL_SECONDS);
    let by = |name, labels: &[&str]| sum_by(labels, &rate(&Selector::chosen(name), WINDOW));
    let panels = vec![
        Panel::lines("Left of a lease", Unit::Seconds)
            .describe("What was left of leases when heartbeats extended them: one in a hundred, and one in two, had less. Little means that leases are about to be lost.")
            .ask(
                quantile(0.01, &[ROLE], Selector::chosen(worker::LEASE_MARGIN_SECONDS), WINDOW),
                "{{role}} p1",
            )
            .ask(
                quantile(0.5, &[ROLE], Selector::chosen(worker::LEASE_MARGIN_SECONDS), WINDOW),
                "{{role}} p50",
            ),
        Panel::lines("Part of a lease without a heartbeat", Unit::Ratio)
            .describe("How long ago the store last took a heartbeat, as a part of the time that a lease holds. The alert fires above the dashed line; at 100 % the lease is over.")
            .attention_from(limits::HEARTBEAT_AGE)
            .ask(
                format!(
                    "{} / ({} > 0)",
                    max_by(&[INSTANCE], &age),
                    max_by(&[INSTANCE], &ttl.to_string())
                ),
                "{{instance}}",
            ),
        Panel::lines("Heartbeats", Unit::PerSecond)
            .describe("Heartbeats that the store took, and those that failed, which are tried again soon.")
            .outcomes()
            .ask(by(worker::HEARTBEATS_TOTAL, &[OUTCOME]), "{{outcome}}"),
        Panel::lines("Store errors", Unit::PerSecond)
            .describe("Requests that the store did not carry out. Those that it did not answer are asked again; those that it refused say that a lease was lost, or that something is wrong with what a handler made.")
            .ask(by(worker::STORE_ERRORS_TOTAL, &[INSTANCE, KIND]), "{{instance}} {{kind}}"),
        Panel::lines("Messages", Unit::PerSecond)
            .describe("Messages of the bus, as workers hear them, and those that the bus did not take. Workers without messages find their work in the store, a little later.")
            .ask(by(worker::MESSAGES_TOTAL, &[OUTCOME]), "{{outcome}}"),
    ];
    Row {
        title: "Leases, store and bus",
        panels,
    }
}
