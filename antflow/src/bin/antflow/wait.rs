//! How the end of a run is waited for.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::{Cluster, RunKey, RunStatus};

use crate::failure::Failure;
use crate::output::note;
use crate::words;

/// How long to wait from one line to the next.
const EVERY: Duration = Duration::from_secs(1);

/// Waits until a run has ended, and says on stderr how far it is, when that changes.
pub(crate) async fn wait(cluster: &Cluster, run: &RunKey) -> Result<RunStatus, Failure> {
    let mut progress = Progress::default();
    let ended = async {
        let mut ticks = tokio::time::interval(EVERY);
        let mut end = std::pin::pin!(cluster.wait(run));
        loop {
            tokio::select! {
                ended = &mut end => return ended,
                // What cannot be asked now is asked later: the end is waited for all the same.
                _ = ticks.tick() => if let Ok(status) = cluster.status(run).await {
                    progress.show(&status);
                },
            }
        }
    };
    let ended = ended.await;
    progress.end();
    let ended = ended?;
    note(how(&ended));
    Ok(ended)
}

/// How a run is, in a sentence.
fn how(status: &RunStatus) -> String {
    let run = &status.run;
    let took = run.ended_at.map_or_else(String::new, |at| {
        format!(" after {}", words::span(at.since(run.created_at)))
    });
    let reason = run
        .reason
        .as_ref()
        .map_or_else(String::new, |reason| format!(": {}", words::plain(reason)));
    let verb = match run.state {
        RunState::Cancelled => "was cancelled",
        state => state.as_str(),
    };
    let mut text = format!("run `{}` {verb}{took}{reason}", run.id);
    for node in &status.nodes {
        if node.state == NodeState::Failed
            && let Some(failure) = &node.last_failure
        {
            text.push_str(&format!(
                "\nnode `{}`: {}",
                node.id,
                words::failure(failure)
            ));
        }
    }
    text
}

/// A line that says how far a run is: always the same one in a terminal, a new one for each change elsewhere.
#[derive(Default)]
struct Progress {
    said: String,
}

impl Progress {
    fn show(&mut self, status: &RunStatus) {
        let text = how_far(status);
        if text == self.said {
            return;
        }
        if io::stderr().is_terminal() {
            drop(write!(io::stderr(), "\r\x1b[2K{text}"));
        } else {
            note(&text);
        }
        self.said = text;
    }

    /// Makes room for what is said next.
    fn end(&self) {
        if !self.said.is_empty() && io::stderr().is_terminal() {
            drop(write!(io::stderr(), "\r\x1b[2K"));
        }
    }
}

/// `running: 2 finished, 1 running; 14 batches`.
fn how_far(status: &RunStatus) -> String {
    let mut states = BTreeMap::new();
    let mut batches = 0;
    for node in &status.nodes {
        *states.entry(node.state.as_str().to_owned()).or_insert(0) += 1;
        batches += node.totals.batches;
    }
    let state = status.run.state.as_str();
    format!("{state}: {}; {batches} batches", words::counts(&states))
}
