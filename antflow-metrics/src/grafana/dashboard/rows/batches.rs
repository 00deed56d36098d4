//! What becomes of batches, how long they take, and what handlers say of them.

use super::{Row, WINDOW, quantiles};
use crate::grafana::dashboard::field::Unit;
use crate::grafana::dashboard::panel::Panel;
use crate::grafana::query::{INSTANCE, Selector, rate, sum_by};
use crate::labels::{NAME, OUTCOME, ROLE};
use crate::names::worker;

pub(super) fn row() -> Row {
    let batches = Selector::chosen(worker::BATCHES_TOTAL);
    let stuck = Selector::chosen(worker::STUCK_BATCHES_TOTAL);
    let panels = vec![
        Panel::lines("Batches by outcome", Unit::PerSecond)
            .describe("Batches that workers were done with. Duplicates were committed by an earlier attempt, and cost what it takes to find out.")
            .outcomes()
            .ask(sum_by(&[ROLE, OUTCOME], &rate(&batches, WINDOW)), "{{role}} {{outcome}}"),
        quantiles(
            Panel::lines("Duration of a batch", Unit::Seconds)
                .describe("What handlers take for a batch: half, 95 % and 99 % stay below."),
            worker::BATCH_DURATION_SECONDS,
            &[ROLE],
            ["{{role}} p50", "{{role}} p95", "{{role}} p99"],
        ),
        quantiles(
            Panel::lines("Duration of a commit", Unit::Seconds)
                .describe("What the store takes to commit batches, with all tries: half, 95 % and 99 % stay below. Batches are processed meanwhile."),
            worker::COMMIT_DURATION_SECONDS,
            &[ROLE],
            ["{{role}} p50", "{{role}} p95", "{{role}} p99"],
        ),
        Panel::lines("Reported by handlers", Unit::Count)
            .describe("The numbers that handlers report with their batches, added up since the processes began.")
            .ask(
                sum_by(&[ROLE, NAME], &Selector::chosen(worker::REPORTED).to_string()),
                "{{role}} {{name}}",
            ),
        Panel::lines("Batches that do not stop", Unit::PerSecond)
            .describe("Batches that went on when they were cut off, because their handlers never wait for anything.")
            .ask(format!("sum({})", rate(&stuck, WINDOW)), "stuck"),
        Panel::lines("Memory", Unit::Bytes)
            .describe("The memory of each process with workers. One that rises from run to run holds what its handlers should have given back.")
            .ask(
                sum_by(&[INSTANCE], &Selector::chosen(worker::MEMORY_BYTES).to_string()),
                "{{instance}}",
            ),
    ];
    Row {
        title: "Batches",
        panels,
    }
}
