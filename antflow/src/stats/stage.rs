use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::flow::{Count, Passed};
use super::live::{StageCounters, WorkerCounters, read};
use super::{StageStats, average};
use crate::clock::{Moment, duration};

fn sum(workers: &[Arc<WorkerCounters>], count: fn(&WorkerCounters) -> &Count) -> u64 {
    workers.iter().map(|worker| count(worker).get()).sum()
}

/// What has happened in a stage so far, to which the workers of those before it hand their outputs.
pub(super) fn stage_stats<'a>(
    stage: &StageCounters,
    before: impl Iterator<Item = &'a StageCounters>,
    now: Moment,
) -> StageStats {
    // What left is read before what came, so that no item is seen to leave before it is seen to come.
    let taken: Passed =
        stage.workers(|workers| workers.iter().map(|worker| worker.taken.read()).sum());
    let left: Passed = [taken, stage.withdrawn.read()].into_iter().sum();
    let given: Passed = before
        .map(|before| {
            before.workers(|workers| {
                let given = workers.iter().map(|worker| worker.given.read());
                given.chain([before.handed_on.read()]).sum::<Passed>()
            })
        })
        .sum();
    let pulled: Passed =
        stage.workers(|workers| workers.iter().map(|worker| worker.pulled.read()).sum());
    let came: Passed = [stage.fed.read(), pulled, given].into_iter().sum();
    let pending = came.count.saturating_sub(left.count);
    // The moments of those that are still there are to come. Some may be seen to leave that are not seen to come: they
    // count the other way.
    let there = came.count.wrapping_sub(left.count);
    let waited = left
        .moments
        .wrapping_add(now.ticks().wrapping_mul(there))
        .wrapping_sub(came.moments);
    // Where items passed while the counters were read, it may be less than nothing.
    let waited = duration(u64::try_from(waited.cast_signed()).unwrap_or(0));
    stage.workers(|workers| StageStats {
        stage_name: stage.names.stage.to_string(),
        workers: stage.pool.load(Ordering::Relaxed),
        queue_capacity: stage.capacity,
        is_paused: stage.paused.load(Ordering::Relaxed),
        pending_items: usize::try_from(pending).unwrap_or(usize::MAX),
        in_progress_items: workers
            .iter()
            .filter(|worker| worker.status.is_busy())
            .count(),
        retrying_items: usize::try_from(read(&stage.parked)).unwrap_or(usize::MAX) + held(workers),
        completed_items: sum(workers, |worker| &worker.completed),
        failed_items: sum(workers, |worker| &worker.failed),
        skipped_items: sum(workers, |worker| &worker.skipped),
        cancelled_items: read(&stage.cancelled),
        retries: sum(workers, |worker| &worker.retried),
        average_queue_wait: average(waited, came.count),
        processing_time: duration(processing(workers, now)),
    })
}

/// How many of the workers hold an item until its next attempt.
fn held(workers: &[Arc<WorkerCounters>]) -> usize {
    let held = workers.iter().filter(|worker| worker.status.is_held());
    held.count()
}

/// How long the workers have worked by now, in ticks.
fn processing(workers: &[Arc<WorkerCounters>], now: Moment) -> u64 {
    let times = workers.iter().map(|worker| worker.times(now));
    times.map(|(busy, waited)| busy - waited).sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::stage::Names;

    #[test]
    fn an_item_that_is_seen_to_leave_before_it_comes_has_waited_for_no_time() {
        let names = Names {
            stage: Arc::from("save"),
            tasks: Vec::new(),
        };
        let stage = StageCounters::new(Arc::new(names), 1, 10);
        let worker = stage.worker(0);
        let now = Moment::now();
        stage.fed.pass(1, now);
        worker.taken.pass(2, now);
        let stats = stage_stats(&stage, std::iter::empty(), now);
        assert_eq!(stats.pending_items, 0);
        assert_eq!(stats.average_queue_wait, Duration::ZERO);
    }
}
