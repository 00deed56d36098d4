//! A dashboard of one's own, kept up to date by callbacks, and by polling where that is enough.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use antflow::event::{StatusEvent, TaskEvent};
use antflow::{
    BoxError, Dashboard, DashboardSnapshot, StatusTracker, TaskContext, pipeline, stage,
};

#[derive(Debug, thiserror::Error)]
#[error("no connection")]
struct Offline;

#[stage(workers = 3, retry = "per_task", attempts = 2, wait = "1ms")]
async fn fetch(page: u32, cx: &TaskContext) -> Result<u32, Offline> {
    match (page, cx.attempt()) {
        (4, 1) | (7, _) => Err(Offline),
        _ => Ok(page),
    }
}

#[stage(workers = 2)]
async fn save(page: u32) -> u32 {
    page
}

/// What is on the screen.
#[derive(Clone, Default)]
struct Board(Arc<Mutex<BTreeMap<String, u64>>>);

impl Board {
    fn lines(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().expect("nothing panics while it is locked")
    }

    fn on_status(&self, event: &StatusEvent) {
        // Here, and at once, a page would be told.
        let line = format!("{} {}", event.stage, event.status);
        *self.lines().entry(line).or_default() += 1;
    }

    fn on_retry(&self, event: &TaskEvent) {
        let line = format!("attempt {} of `{}` failed", event.attempt, event.task);
        *self.lines().entry(line).or_default() += 1;
    }
}

/// The other way: it asks how many there are now and then, whatever happens in between.
impl Dashboard for Board {
    fn on_update(&mut self, snapshot: &DashboardSnapshot) {
        let stats = &snapshot.pipeline_stats;
        let mut lines = self.lines();
        lines.insert("polled: processed".to_owned(), stats.items_processed);
        lines.insert("polled: failed".to_owned(), stats.items_failed);
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let board = Board::default();
    let (on_status, on_retry) = (board.clone(), board.clone());
    let tracker = StatusTracker::new()
        .on_status_change(move |event: StatusEvent| on_status.on_status(&event))
        .on_task_retry(move |event: TaskEvent| on_retry.on_retry(&event));

    let run = pipeline!(fetch >> save).run(0..10).observe(tracker);
    run.custom_dashboard(board.clone()).await?;

    for (line, count) in &*board.lines() {
        println!("{line}: {count}");
    }
    Ok(())
}
