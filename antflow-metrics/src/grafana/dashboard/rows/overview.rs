//! What goes in, what comes out, and how long it takes.

use super::{Row, WINDOW, quantiles};
use crate::grafana::dashboard::field::Unit;
use crate::grafana::dashboard::panel::Panel;
use crate::grafana::limits;
use crate::grafana::query::{INSTANCE, Selector, max_by, rate, sum_by};
use crate::labels::{OUTCOME, PIPELINE, outcome};
use crate::names;

pub(super) fn row() -> Row {
    let panels = vec![
        Panel::number("Items ended per second", Unit::PerSecond)
            .describe("Items that reached their outcome, whichever it is, in all chosen pipelines.")
            .ask(format!("sum({})", rate(&ended(), WINDOW)), "ended"),
        Panel::number("Part that fails", Unit::Ratio)
            .describe("Failed items among those that completed or failed, in all chosen pipelines. Empty while none ends.")
            .attention_from(limits::FAILURE_RATIO)
            .ask(failure_ratio(|rate| format!("sum({rate})")), "failed"),
        Panel::number("Items in the pipelines", Unit::Count)
            .describe("Items that were accepted and have no outcome yet, in all chosen pipelines.")
            .ask(format!("sum({})", Selector::chosen(names::ITEMS_IN_FLIGHT)), "in flight"),
        Panel::number("Longest time without progress", Unit::Seconds)
            .describe("Since an item last reached its outcome, in the process and pipeline that has waited longest. It also grows while there is nothing to do.")
            .ask(format!("max({})", since_progress()), "since the last item"),
        Panel::lines("Submitted items", Unit::PerSecond)
            .describe("Items that each pipeline accepted.")
            .ask(
                sum_by(&[PIPELINE], &rate(&Selector::chosen(names::ITEMS_SUBMITTED_TOTAL), WINDOW)),
                "{{pipeline}}",
            ),
        Panel::lines("Ended items by outcome", Unit::PerSecond)
            .describe("Items that reached their outcome, in each pipeline. Less than what is submitted for a long time means that items pile up.")
            .outcomes()
            .ask(sum_by(&[PIPELINE, OUTCOME], &rate(&ended(), WINDOW)), "{{pipeline}} {{outcome}}"),
        Panel::lines("Failure ratio", Unit::Ratio)
            .describe("Failed items among those that completed or failed, in each pipeline. No line while none ends. The alert fires above the dashed line.")
            .attention_from(limits::FAILURE_RATIO)
            .ask(failure_ratio(|rate| sum_by(&[PIPELINE], rate)), "{{pipeline}}"),
        Panel::lines("Items in flight", Unit::Count)
            .describe("Items that were accepted and have no outcome yet, in each pipeline.")
            .ask(
                sum_by(&[PIPELINE], &Selector::chosen(names::ITEMS_IN_FLIGHT).to_string()),
                "{{pipeline}}",
            ),
        quantiles(
            Panel::lines("Duration of an item", Unit::Seconds)
                .describe("From acceptance to the outcome, waiting included: what half, 95 % and 99 % of the items stay below."),
            names::ITEM_DURATION_SECONDS,
            &[PIPELINE],
            ["{{pipeline}} p50", "{{pipeline}} p95", "{{pipeline}} p99"],
        ),
        Panel::lines("Time since the last progress", Unit::Seconds)
            .describe("Since an item last reached its outcome, in each process. A line that rises while items are in flight is a pipeline that is stuck.")
            .ask(since_progress(), "{{pipeline}} {{instance}}"),
    ];
    Row {
        title: "Overview",
        panels,
    }
}

fn ended() -> Selector {
    Selector::chosen(names::ITEMS_TOTAL)
}

/// Nothing rather than 0/0 while no item ends.
fn failure_ratio(sum: impl Fn(&str) -> String) -> String {
    let failed = ended().with(OUTCOME, outcome::FAILED);
    let tried = ended().without(OUTCOME, outcome::CANCELLED);
    format!(
        "{} / ({} > 0)",
        sum(&rate(&failed, WINDOW)),
        sum(&rate(&tried, WINDOW))
    )
}

/// Of pipelines that made some progress at all; one process that goes on does not hide another that is stuck.
fn since_progress() -> String {
    let last = Selector::chosen(names::PIPELINE_LAST_PROGRESS_TIMESTAMP_SECONDS);
    format!(
        "time() - {}",
        max_by(&[INSTANCE, PIPELINE], &format!("{last} > 0"))
    )
}
