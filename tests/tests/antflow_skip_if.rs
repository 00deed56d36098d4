//! What the documents say of `skip_if`: the item passes as it is, and the next stage gets it.

use antflow::event::Status;
use antflow::{State, pipeline, stage};
use antflow_tests::{Log, add_one, record, values, within};

fn is_large(item: &u64) -> bool {
    *item >= 100
}

#[stage(skip_if = is_large)]
async fn grow(item: u64) -> u64 {
    item * 10
}

#[tokio::test(start_paused = true)]
async fn what_matches_passes_unchanged_and_what_does_not_is_processed() {
    let (results, _) = record(&pipeline!(grow >> add_one), [5, 500, 99, 100]).await;
    assert_eq!(values(results), [51, 501, 991, 101]);
}

#[tokio::test(start_paused = true)]
async fn a_skipped_item_is_skipped_and_never_in_progress_or_completed() {
    let (_, recorder) = record(&pipeline!(grow), [500, 5]).await;
    assert_eq!(
        recorder.status_lines(0),
        ["Grow queued", "Grow skipped Grow-W0"]
    );
    assert!(recorder.task_lines(0).is_empty());
    assert_eq!(recorder.count(Status::Skipped), 1);
    assert_eq!(recorder.status_lines(1)[2], "Grow completed Grow-W0");
}

/// Which parts of a job are done is written on the job.
#[derive(Debug, Clone)]
struct Job {
    fetched: bool,
    saved: bool,
}

fn is_fetched(job: &Job) -> bool {
    job.fetched
}

fn is_saved(job: &Job) -> bool {
    job.saved
}

type Calls = Log<&'static str>;

#[stage(skip_if = is_fetched)]
async fn fetch(job: Job, calls: State<Calls>) -> Job {
    calls.push("fetch");
    Job {
        fetched: true,
        ..job
    }
}

#[stage(skip_if = is_saved)]
async fn save(job: Job, calls: State<Calls>) -> Job {
    calls.push("save");
    Job { saved: true, ..job }
}

#[tokio::test(start_paused = true)]
async fn a_second_run_of_the_same_jobs_does_only_what_was_left_to_do() {
    let calls = Calls::new();
    let etl = pipeline!(fetch >> save).with_state(calls.clone());
    let [new, half] = [false, true].map(|fetched| Job {
        fetched,
        saved: false,
    });
    let jobs = values(within(etl.run([new, half])).await.unwrap());
    let mut said = calls.entries();
    said.sort_unstable();
    assert_eq!(said, ["fetch", "save", "save"]);
    assert!(jobs.iter().all(|job| job.fetched && job.saved));
    within(etl.run(jobs)).await.unwrap();
    assert_eq!(calls.len(), 3, "the second run did something again");
}
