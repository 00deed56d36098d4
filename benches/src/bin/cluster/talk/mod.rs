//! What the processes of the benchmark say to each other: one JSON object for each line.
//!
//! The program of the peers, which is in a package of its own, has the same file.

mod clock;
mod mouth;
mod work;

use serde::{Deserialize, Serialize};

pub(crate) use clock::now_ns;
pub(crate) use mouth::{Mouth, orders};
pub(crate) use work::Work;

/// What a member that feeds is told to do, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Hand in so many pieces of work at once, each of which takes that long, for so many shares.
    Feed {
        count: u64,
        work_us: u64,
        shares: u64,
    },
    /// Hand in one piece of work, and note when.
    One,
    /// Hand in a node that makes so many batches, one in each pause, and one that reads them meanwhile.
    Stream { count: u64, pause_us: u64 },
    /// Say when nothing of what was handed in is left undone in the store.
    Settle,
}

/// What a member says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Word {
    /// It is connected, and works or waits for orders.
    Ready {
        /// How it is set up.
        settings: String,
    },
    /// What it was told to hand in is stored.
    Fed { began_ns: u64, ended_ns: u64 },
    /// Nothing is left undone.
    Settled { at_ns: u64 },
    /// So many pieces of work were handled since its start, those that were handed in alone not counted.
    Handled { count: u64 },
    /// A piece of work that was handed in alone is with its handler, so long after it was handed in.
    Reached { took_ns: u64 },
    /// The batch of this number is committed, as its worker knows by now.
    Committed { number: u64, at_ns: u64 },
    /// The batch of this number is with the handler of the node that reads it.
    Taken {
        number: u64,
        /// When the handler that made it was done with it.
        made_ns: u64,
        at_ns: u64,
    },
}
