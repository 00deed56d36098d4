//! Which stage holds the others up.

use super::{Row, WINDOW};
use crate::grafana::dashboard::field::Unit;
use crate::grafana::dashboard::panel::Panel;
use crate::grafana::limits;
use crate::grafana::query::{Selector, quantile, rate, sum_by};
use crate::labels::{OUTCOME, PIPELINE, STAGE};
use crate::names;

const BY: &[&str] = &[PIPELINE, STAGE];

pub(super) fn row() -> Row {
    let panels = vec![
        Panel::lines("Busy ratio", Unit::Ratio)
            .describe("The part of its workers' time in which a stage works, without waiting. The stage whose line is near the dashed one, or above, is what the pipeline waits for.")
            .attention_from(limits::BUSY_RATIO)
            .ask(
                format!(
                    "{} / ({} > 0)",
                    sum_by(BY, &rate(&Selector::chosen(names::STAGE_DURATION_SECONDS).sum(), WINDOW)),
                    sum_now(names::STAGE_WORKERS),
                ),
                "{{pipeline}} {{stage}}",
            ),
        Panel::lines("Workers that hold an item", Unit::Count)
            .describe("Workers with an item in hand, at work or waiting, and the workers there are. Unlike the busy ratio, this also shows workers that are stuck.")
            .ask(sum_now(names::STAGE_WORKERS_BUSY), "{{pipeline}} {{stage}} busy")
            .ask(sum_now(names::STAGE_WORKERS), "{{pipeline}} {{stage}} all"),
        Panel::lines("Queue fill", Unit::Ratio)
            .describe("How full the queue of a stage is. A full queue holds back whoever feeds it. The alert fires above the dashed line.")
            .attention_from(limits::QUEUE_FILL)
            .ask(
                format!(
                    "{} / ({} > 0)",
                    sum_now(names::STAGE_QUEUE_DEPTH),
                    sum_now(names::STAGE_QUEUE_CAPACITY),
                ),
                "{{pipeline}} {{stage}}",
            ),
        Panel::lines("Queue wait", Unit::Seconds)
            .describe("How long items wait in the queue of a stage: the mean, and what 95 % of them stay below.")
            .ask(mean(names::STAGE_QUEUE_WAIT_SECONDS), "{{pipeline}} {{stage}} mean")
            .ask(
                quantile(0.95, BY, Selector::chosen(names::STAGE_QUEUE_WAIT_SECONDS), WINDOW),
                "{{pipeline}} {{stage}} p95",
            ),
        Panel::lines("Workers held up by the next stage", Unit::Count)
            .describe("How many workers of a stage wait, on average, until the next stage has room. Look at the stage behind the last one that has a line here.")
            .ask(
                sum_by(BY, &rate(&Selector::chosen(names::STAGE_SEND_WAIT_SECONDS).sum(), WINDOW)),
                "{{pipeline}} {{stage}}",
            ),
        Panel::lines("Items by outcome", Unit::PerSecond)
            .describe("Items that left a stage. An item counts in every stage that it passes.")
            .outcomes()
            .ask(
                sum_by(
                    &[PIPELINE, STAGE, OUTCOME],
                    &rate(&Selector::chosen(names::STAGE_ITEMS_TOTAL), WINDOW),
                ),
                "{{pipeline}} {{stage}} {{outcome}}",
            ),
    ];
    Row {
        title: "Stages",
        panels,
    }
}

fn sum_now(gauge: &str) -> String {
    sum_by(BY, &Selector::chosen(gauge).to_string())
}

/// Nothing rather than 0/0 while there are no values.
fn mean(histogram: &str) -> String {
    let series = Selector::chosen(histogram);
    format!(
        "{} / ({} > 0)",
        sum_by(BY, &rate(&series.clone().sum(), WINDOW)),
        sum_by(BY, &rate(&series.count(), WINDOW)),
    )
}
