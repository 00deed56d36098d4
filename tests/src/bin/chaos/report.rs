use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::tally::Tally;

/// What came of it all.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) engine: String,
    pub(crate) seed: u64,
    /// Processes and servers that were killed or frozen while a run was going.
    pub(crate) faults: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    /// Nodes that had not finished when their time was over.
    pub(crate) stuck: u64,
    pub(crate) took: Duration,
    /// The longest time in which a run was going on and no batch was committed.
    pub(crate) longest_pause: Duration,
    pub(crate) runs: u64,
    /// Batches that were compared, over all nodes and runs.
    pub(crate) batches: u64,
    pub(crate) kills_of_workers: u64,
    pub(crate) kills_of_coordinators: u64,
    pub(crate) kills_of_the_database: u64,
    pub(crate) kills_of_the_broker: u64,
    /// Workers that were stopped for longer than their leases, and went on.
    pub(crate) frozen_workers: u64,
    /// What the processes counted.
    pub(crate) tally: Tally,
    pub(crate) restarts_under_same_id: u64,
    pub(crate) restarts_under_other_id: u64,
    /// Which node the workers had that were killed; `nothing` for those that had none.
    pub(crate) interrupted_in: BTreeMap<String, u64>,
    /// How often nodes were claimed beyond the first time.
    pub(crate) claimed_again: u64,
    /// Processes that ended without having been killed.
    pub(crate) fallen: u64,
    /// Events that nobody had said when their time was over.
    pub(crate) unsaid: u64,
}

impl Report {
    /// Is everything there once, and has every node finished?
    pub(crate) fn is_clean(&self) -> bool {
        (self.lost, self.doubled, self.stuck) == (0, 0, 0)
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "engine": self.engine,
            "seed": self.seed,
            "faults": self.faults,
            "lost": self.lost,
            "doubled": self.doubled,
            "stuck": self.stuck,
            "seconds": tenths(self.took),
            "longest_pause_seconds": tenths(self.longest_pause),
            "runs": self.runs,
            "batches": self.batches,
            "kills_of_workers": self.kills_of_workers,
            "kills_of_coordinators": self.kills_of_coordinators,
            "kills_of_the_database": self.kills_of_the_database,
            "kills_of_the_broker": self.kills_of_the_broker,
            "frozen_workers": self.frozen_workers,
            "tally": self.tally,
            "restarts": self.restarts_under_same_id + self.restarts_under_other_id,
            "restarts_under_same_id": self.restarts_under_same_id,
            "restarts_under_other_id": self.restarts_under_other_id,
            "interrupted_in": self.interrupted_in,
            "claimed_again": self.claimed_again,
            "fallen": self.fallen,
            "unsaid": self.unsaid,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            faults,
            lost,
            doubled,
            stuck,
            runs,
            batches,
            ..
        } = self;
        let seconds = self.took.as_secs();
        write!(
            f,
            "{faults} faults in {runs} runs of {batches} batches and {seconds} s: {lost} lost, {doubled} doubled, \
             {stuck} stuck"
        )
    }
}

/// Seconds, to a tenth.
fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lost_doubled_or_stuck_is_enough() {
        assert!(Report::default().is_clean());
        let spoilt = [
            Report {
                lost: 1,
                ..Report::default()
            },
            Report {
                doubled: 1,
                ..Report::default()
            },
            Report {
                stuck: 1,
                ..Report::default()
            },
        ];
        for report in spoilt {
            assert!(!report.is_clean(), "{report}");
        }
    }
}
