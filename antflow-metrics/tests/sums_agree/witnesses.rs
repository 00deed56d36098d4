use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antflow::event::Status;
use antflow::{Histogram, ItemError, PipelineResult, RunView, StageStats, StageTimings};
use antflow_metrics::labels::{attempt, outcome};
use antflow_tests::{Outcome, count};

use crate::ledger::Ledger;
use crate::plan::{End, Plan};
use crate::watch::Seen;

/// Those who know what happened in a run that has ended.
pub(crate) struct Witnesses {
    pub(crate) run: RunView,
    pub(crate) results: Vec<PipelineResult<u64>>,
    pub(crate) plan: Plan,
    pub(crate) seen: Seen,
    /// Whether the run was not cut off.
    pub(crate) is_whole: bool,
    /// Whether it was scraped while it went on.
    pub(crate) is_scraped: bool,
}

impl Witnesses {
    /// Compares each series with what they know.
    pub(crate) fn compare(&self, ledger: &mut Ledger) {
        self.items(ledger);
        let (stats, timings) = (self.run.stats(), self.run.timings().unwrap());
        for (stats, timings) in stats.stage_stats.iter().zip(&timings.stages) {
            self.stage(ledger, stats, timings);
            self.tasks(ledger, timings, stats.retries);
            self.workers(ledger, &stats.stage_name);
        }
        ledger.have("antflow_events_dropped_total etl", ["callbacks"], [0]);
        ledger.has(
            &format!("antflow_build_info {}", env!("CARGO_PKG_VERSION")),
            1,
        );
    }

    fn items(&self, ledger: &mut Ledger) {
        let of = |outcome| count(&self.results, outcome) as u64;
        let failed = of(Outcome::Failed) + of(Outcome::Panicked) + of(Outcome::TimedOut);
        let outcomes = [of(Outcome::Completed), failed, of(Outcome::Cancelled)];
        let submitted = self.results.len() as u64;
        ledger.has("antflow_items_submitted_total etl", submitted);
        ledger.have("antflow_items_total etl", outcome::PIPELINE, outcomes);
        ledger.has("antflow_items_in_flight etl", 0);
        if self.seen.statuses(submitted).is_some() {
            let stats = self.seen.tracker.stats();
            let tracked = [
                stats.completed + stats.skipped,
                stats.failed,
                stats.cancelled,
            ];
            ledger.check(tracked == outcomes, &format!("the tracker has {tracked:?}"));
        }
        let took = self.run.timings().unwrap().items;
        self.times(
            ledger,
            "antflow_item_duration_seconds",
            "etl",
            submitted,
            &took,
        );
        let last = ledger.take("antflow_pipeline_last_progress_timestamp_seconds etl");
        let last = UNIX_EPOCH + Duration::from_secs_f64(last);
        let now = SystemTime::now() + Duration::from_millis(1);
        ledger.check(
            (self.run.started()..now).contains(&last),
            "no item ended then",
        );
    }

    fn stage(&self, ledger: &mut Ledger, stats: &StageStats, timings: &StageTimings) {
        let name = &*stats.stage_name;
        let of = format!("etl {name}");
        let outcomes = [
            stats.completed_items,
            stats.failed_items,
            stats.skipped_items,
            stats.cancelled_items,
        ];
        ledger.have(
            &format!("antflow_stage_items_total {of}"),
            outcome::STAGE,
            outcomes,
        );
        let ended = |wanted: fn(&ItemError) -> bool| {
            let errors = self.results.iter().filter_map(PipelineResult::error);
            errors
                .filter(|error| error.stage() == name && wanted(error))
                .count() as u64
        };
        let ended = [
            ended(|error| !error.is_cancelled()),
            ended(ItemError::is_cancelled),
        ];
        ledger.check(
            ended == [outcomes[1], outcomes[3]],
            &format!("the results have {ended:?}"),
        );
        if let Some(seen) = self.seen.statuses(self.results.len() as u64) {
            let statuses = [
                Status::Completed,
                Status::Failed,
                Status::Skipped,
                Status::Cancelled,
            ];
            let seen =
                statuses.map(|status| seen.get(&(name.to_owned(), status)).copied().unwrap_or(0));
            ledger.check(seen == outcomes, &format!("the events have {seen:?}"));
        }
        for gauge in ["queue_depth", "queue_capacity", "workers", "workers_busy"] {
            ledger.has(&format!("antflow_stage_{gauge} {of}"), 0);
        }

        let tasks = timings.tasks.iter().map(|task| &*task.task_name);
        let given_up: u64 = tasks.map(|task| self.plan.made(task, End::GiveUp)).sum();
        // An item that waits without its worker is worked on again.
        let again = if name == "Check" { stats.retries } else { 0 };
        let worked = stats.completed_items + stats.failed_items + given_up + again;
        self.times(
            ledger,
            "antflow_stage_duration_seconds",
            &of,
            worked,
            &timings.processing_time,
        );
        let (waits, sends) = (&timings.queue_wait, &timings.send_wait);
        self.times(
            ledger,
            "antflow_stage_queue_wait_seconds",
            &of,
            waits.count(),
            waits,
        );
        self.times(
            ledger,
            "antflow_stage_send_wait_seconds",
            &of,
            sends.count(),
            sends,
        );
        ledger.check(
            waits.count() >= worked + stats.skipped_items,
            "all have come from the queue",
        );
        ledger.check(name != "Save" || sends.count() == 0, "nobody follows");
    }

    fn tasks(&self, ledger: &mut Ledger, timings: &StageTimings, retried: u64) {
        let mut retries = 0;
        for task in &timings.tasks {
            let name = &*task.task_name;
            let made = |end| self.plan.made(name, end);
            // Of those that hang some may have been cut off, and of retries the tasks do not know.
            let (timed_out, again) = match self.seen.attempts(name) {
                Some([.., timed_out, _, again]) => (timed_out, again),
                None => (task.timed_out, task.retries),
            };
            retries += again;
            let failed = made(End::Fail) + made(End::GiveUp);
            let attempts = [made(End::Pass), failed, timed_out, made(End::Panic)];
            if let Some(seen) = self.seen.attempts(name) {
                ledger.check(seen[..4] == attempts, &format!("the events have {seen:?}"));
            }
            let hung = made(End::Hang);
            ledger.check(
                timed_out == hung || timed_out < hung && !self.is_whole,
                &format!("{hung} hung"),
            );
            let of = format!("etl {} {name}", timings.stage_name);
            ledger.have(
                &format!("antflow_task_attempts_total {of}"),
                attempt::ALL,
                attempts,
            );
            ledger.has(&format!("antflow_task_retries_total {of}"), again);
            let all = attempts.iter().sum();
            self.times(
                ledger,
                "antflow_task_duration_seconds",
                &of,
                all,
                &task.duration,
            );
        }
        ledger.check(
            retries == retried,
            &format!("the stage was tried {retried} times again"),
        );
    }

    /// Of two workers, and of all others.
    fn workers(&self, ledger: &mut Ledger, stage: &str) {
        let mut expected = [[0; 2]; 3];
        let metrics = self.run.worker_metrics().into_iter();
        for metrics in metrics.filter(|metrics| metrics.worker.stage() == stage) {
            let [completed, failed] = &mut expected[metrics.worker.index().min(2)];
            *completed += metrics.items_processed;
            *failed += metrics.items_failed;
        }
        for (worker, expected) in ["0", "1", "other"].into_iter().zip(expected) {
            let of = format!("etl {stage} {worker}");
            ledger.have(
                &format!("antflow_worker_items_total {of}"),
                outcome::WORKER,
                expected,
            );
            ledger.has(&format!("antflow_worker_busy {of}"), 0);
        }
    }

    /// Compares a histogram with what was measured.
    fn times(&self, ledger: &mut Ledger, name: &str, of: &str, count: u64, measured: &Histogram) {
        ledger.has(&format!("{name}_count {of}"), count);
        let sum = ledger.take(&format!("{name}_sum {of}"));
        let expected = measured.sum().as_secs_f64();
        // The sum is read while workers count, and values that were told before are not told again: each is right but
        // for the width of its bucket.
        let is_near = self.is_scraped || (sum - expected).abs() <= 1e-6 * expected;
        ledger.check(is_near, &format!("{name} {of}: {sum} s, not {expected}"));
    }
}
