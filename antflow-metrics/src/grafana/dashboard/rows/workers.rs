//! What each worker does, where there are series for it.

use super::{Row, WINDOW};
use crate::grafana::dashboard::field::Unit;
use crate::grafana::dashboard::panel::Panel;
use crate::grafana::query::{Selector, rate, sum_by};
use crate::labels::{OUTCOME, PIPELINE, STAGE, WORKER};
use crate::names;

pub(super) fn row() -> Row {
    let panels = vec![
        Panel::lines("Items by worker", Unit::PerSecond)
            .describe("Items that each worker was done with. Empty unless the pipeline is told to record single workers.")
            .outcomes()
            .ask(
                sum_by(
                    &[PIPELINE, STAGE, WORKER, OUTCOME],
                    &rate(&Selector::chosen(names::WORKER_ITEMS_TOTAL), WINDOW),
                ),
                "{{stage}} {{worker}} {{outcome}}",
            ),
        Panel::lines("Busy workers", Unit::Count)
            .describe("Which workers hold an item. Empty unless the pipeline is told to record single workers.")
            .ask(
                sum_by(
                    &[PIPELINE, STAGE, WORKER],
                    &Selector::chosen(names::WORKER_BUSY).to_string(),
                ),
                "{{stage}} {{worker}}",
            ),
    ];
    Row {
        title: "Workers",
        panels,
    }
}
