//! Does work get done, and is somebody there to do it?

use super::{Row, WINDOW};
use crate::grafana::dashboard::field::Unit;
use crate::grafana::dashboard::panel::Panel;
use crate::grafana::query::{Selector, max_by, rate, sum_by};
use crate::labels::{OUTCOME, ROLE, STATE, batch};
use crate::names::{coordinator, worker};

pub(super) fn row() -> Row {
    let committed = Selector::chosen(worker::BATCHES_TOTAL).with(OUTCOME, batch::COMMITTED);
    let panels = vec![
        Panel::number("Batches committed per second", Unit::PerSecond)
            .describe("Batches whose effect is in the store, in all chosen roles.")
            .ask(format!("sum({})", rate(&committed, WINDOW)), "committed"),
        Panel::number("Nodes that no worker can take", Unit::Count)
            .describe("Nodes that could run, and whose role no live worker has with these types.")
            .attention_from(1.0)
            .ask(
                format!("max({})", Selector::chosen(coordinator::NODES_STARVING)),
                "starving",
            ),
        Panel::number("Workers online", Unit::Count)
            .describe("Workers that announce themselves and were heard of.")
            .ask(
                format!("max({})", Selector::chosen(coordinator::WORKERS_ONLINE)),
                "online",
            ),
        Panel::number("Dead letters", Unit::Count)
            .describe("Messages that nobody understands and events that the bus does not take, which nobody tried again.")
            .attention_from(1.0)
            .ask(
                format!("max({})", Selector::chosen(coordinator::DEAD_LETTERS)),
                "letters",
            ),
        Panel::lines("Runs by state", Unit::Count)
            .describe("Runs in the store. All coordinators say the same, so the greatest number is shown.")
            .ask(
                max_by(&[STATE], &Selector::chosen(coordinator::RUNS).to_string()),
                "{{state}}",
            ),
        Panel::lines("Nodes by role and state", Unit::Count)
            .describe("Nodes of runs that have not ended. Many that are ready mean that workers are missing; many that are queued wait for others.")
            .ask(
                max_by(&[ROLE, STATE], &Selector::chosen(coordinator::NODES).to_string()),
                "{{role}} {{state}}",
            ),
        Panel::lines("Nodes running by role", Unit::Count)
            .describe("Nodes that workers run at the moment.")
            .ask(
                sum_by(&[ROLE], &Selector::chosen(worker::NODES_RUNNING).to_string()),
                "{{role}}",
            ),
        Panel::lines("Room", Unit::Count)
            .describe("Nodes that run, and how many the workers of the chosen processes could run at once.")
            .ask(format!("sum({})", Selector::chosen(worker::NODES_RUNNING)), "running")
            .ask(format!("sum({})", Selector::chosen(worker::CAPACITY)), "capacity"),
    ];
    Row {
        title: "Cluster",
        panels,
    }
}
