//! What the processes say of themselves while they live, a line of JSON each time: all since their start.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::ops::AddAssign;
use std::process::ChildStdout;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What one process has counted, or all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Messages that nobody heard.
    pub(crate) lost_messages: u64,
    /// Messages that were heard twice.
    pub(crate) repeated_messages: u64,
    /// Messages that were heard late.
    pub(crate) delayed_messages: u64,
    /// Messages that were heard behind the next one.
    pub(crate) reordered_messages: u64,
    /// Attempts that the store refused to take anything from any more, as others had the node.
    pub(crate) refused_attempts: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.lost_messages += other.lost_messages;
        self.repeated_messages += other.repeated_messages;
        self.delayed_messages += other.delayed_messages;
        self.reordered_messages += other.reordered_messages;
        self.refused_attempts += other.refused_attempts;
    }
}

/// What each process said last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tallies(Arc<Mutex<HashMap<u32, Tally>>>);

impl Tallies {
    /// Hears what a process says, until it is gone.
    pub(crate) fn hear(&self, process: u32, said: ChildStdout) {
        let all = self.clone();
        std::thread::spawn(move || {
            // A line that was not ended when the process was killed says nothing.
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                if let Ok(tally) = serde_json::from_str(&line) {
                    let mut all = all.0.lock().unwrap_or_else(PoisonError::into_inner);
                    all.insert(process, tally);
                }
            }
        });
    }

    /// The sum of all.
    pub(crate) fn sum(&self) -> Tally {
        let mut sum = Tally::default();
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for tally in all.values() {
            sum += *tally;
        }
        sum
    }
}
