//! What somebody should look at in a cluster, and what to do then.

use super::alerts::{Alert, Severity};
use crate::grafana::limits;
use crate::grafana::query::{INSTANCE, JOB, Selector, increase, max_by, sum_by};
use crate::labels::{self, ROLE};
use crate::names::{coordinator, worker};

/// The alerts about workers and coordinators.
pub(super) fn alerts() -> Vec<Alert> {
    vec![
        heartbeats_late(),
        store_unavailable(),
        nodes_starving(),
        leases_reaped(),
        outbox_stuck(),
        dead_letters(),
    ]
}

fn heartbeats_late() -> Alert {
    Alert {
        name: "AntflowHeartbeatsLate",
        severity: Severity::Critical,
        hold: None,
        about: format!(
            "The store has not taken a heartbeat for more than {} of the time that a lease holds.",
            limits::percent(limits::HEARTBEAT_AGE)
        ),
        expr: format!(
            "{} > {} * {}",
            worker::HEARTBEAT_AGE_SECONDS,
            limits::HEARTBEAT_AGE,
            worker::LEASE_TTL_SECONDS
        ),
        summary: "Workers of {{ $labels.instance }} are about to lose their leases.",
        description: "Workers of {{ $labels.job }} ({{ $labels.instance }}) last had a heartbeat taken {{ $value | humanizeDuration }} \
                      ago. When their leases are over, what they do is given to others.",
        steps: &[
            "See whether the store answers (panel \"Store errors\"): if other workers have the same trouble, it is the store or the way to it.",
            "If only this process is late, something keeps its runtime busy: a handler that computes without ever waiting. Let it use `spawn_blocking`.",
            "If the store is slow at times, raise `lease_ttl_sec`, so that a lease outlives it.",
        ],
    }
}

fn store_unavailable() -> Alert {
    let errors = Selector::all(worker::STORE_ERRORS_TOTAL)
        .with(labels::KIND, labels::store_error::UNAVAILABLE);
    Alert {
        name: "AntflowStoreUnavailable",
        severity: Severity::Critical,
        hold: Some("5m"),
        about: "The store has not answered workers again and again for five minutes.".to_owned(),
        expr: format!("{} > 0", sum_by(&[JOB, INSTANCE], &increase(&errors, "5m"))),
        summary: "The store does not answer workers of {{ $labels.instance }}.",
        description: "The store did not answer about {{ $value | humanize }} requests of the workers of {{ $labels.job }} \
                      ({{ $labels.instance }}) in the last five minutes. They ask again; nothing is lost.",
        steps: &[
            "See whether the store runs, has room on its disk, and can be reached from this machine.",
            "Look at the duration of commits (panel \"Duration of a commit\"): a store at its limit is slow before it is silent.",
        ],
    }
}

fn nodes_starving() -> Alert {
    Alert {
        name: "AntflowNodesStarving",
        severity: Severity::Warning,
        hold: Some("5m"),
        about: "Nodes could have run for five minutes, and no live worker can take them."
            .to_owned(),
        expr: format!("{} > 0", max_by(&[JOB, ROLE], coordinator::NODES_STARVING)),
        summary: "No worker takes nodes of the role {{ $labels.role }}.",
        description: "{{ $value }} nodes wait for the role {{ $labels.role }}, which no live worker of {{ $labels.job }} can take.",
        steps: &[
            "See whether workers with this role run at all, and are online (panel \"Workers online\").",
            "Compare the role of the graph with those of the workers, letter by letter: their announcements and `Cluster::workers` say them.",
            "If the warning is `other_fingerprint`, workers have the role with other types: start workers of the version that submitted the runs.",
        ],
    }
}

fn leases_reaped() -> Alert {
    let reaped = increase(&Selector::all(coordinator::LEASES_REAPED_TOTAL), "15m");
    Alert {
        name: "AntflowLeasesReaped",
        severity: Severity::Warning,
        hold: None,
        about: "Leases were ended within a quarter of an hour because nobody extended them."
            .to_owned(),
        expr: format!("{} > 0", sum_by(&[JOB], &reaped)),
        summary: "Workers of {{ $labels.job }} were lost.",
        description: "About {{ $value | humanize }} leases of {{ $labels.job }} were reaped in the last quarter of an hour: their \
                      workers died, or did not come through to the store. The nodes are run again from their last commits.",
        steps: &[
            "Look for workers that ended without saying goodbye: killed, out of memory (panel \"Memory\"), a machine that is gone.",
            "If they live, see what was left of leases when they were extended (panel \"Left of a lease\"): raise `lease_ttl_sec` if it is little.",
            "A deployment that ends workers by `shutdown` or `drain` gives nodes back, and reaps nothing.",
        ],
    }
}

fn outbox_stuck() -> Alert {
    Alert {
        name: "AntflowOutboxStuck",
        severity: Severity::Warning,
        hold: Some("5m"),
        about: format!(
            "For five minutes, events have waited longer than {} s to be said on the bus.",
            limits::OUTBOX_AGE
        ),
        expr: format!(
            "{} > {}",
            max_by(&[JOB], coordinator::OUTBOX_AGE_SECONDS),
            limits::OUTBOX_AGE
        ),
        summary: "Events of {{ $labels.job }} are not said on the bus.",
        description: "The oldest event of {{ $labels.job }} has waited for {{ $value | humanizeDuration }}. Runs go on: workers look \
                      into the store; who listens to the bus does not know of it.",
        steps: &[
            "See whether the bus takes anything (panel \"Events to the bus\"), and whether it can be reached.",
            "If the number of waiting events grows while they are said, start another coordinator.",
            "Events that the bus refuses for good end in the dead letters: read why.",
        ],
    }
}

fn dead_letters() -> Alert {
    Alert {
        name: "AntflowDeadLetters",
        severity: Severity::Info,
        hold: Some("5m"),
        about: "There are dead letters that nobody tried again.".to_owned(),
        expr: format!("{} > 0", max_by(&[JOB], coordinator::DEAD_LETTERS)),
        summary: "There are dead letters of {{ $labels.job }}.",
        description: "{{ $value }} messages or events of {{ $labels.job }} could not be understood or said.",
        steps: &[
            "Read them and why they are there: `Cluster::dead_letters`.",
            "When the cause is gone, try them again with `Cluster::retry_dead_letter`; what is left alone is removed after 30 days.",
        ],
    }
}
