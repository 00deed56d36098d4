//! An observer may panic, be slow or be many: the items do not notice.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use antflow::event::{Observer, Pending, Status, StatusEvent, TaskEvent};
use antflow::{Pipeline, from_fn, pipeline, stage};
use antflow_tests::{Boom, Log, Outcome, Recorder, count, quiet, seconds, values, within};

#[stage(workers = 2, retry = "per_task", attempts = 2, wait = "0s")]
async fn half(item: u64) -> Result<u64, Boom> {
    if item % 2 == 1 {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

/// Panics at every opportunity, without a word.
struct Grumpy;

fn grumble() -> ! {
    std::panic::resume_unwind(Box::new("grumpy"))
}

impl Observer for Grumpy {
    fn on_status(&self, _: &StatusEvent) {
        grumble()
    }

    fn on_task(&self, _: &TaskEvent) {
        grumble()
    }

    fn overload(&self) -> Option<Pending<'_>> {
        grumble()
    }

    fn flush(&self) -> Option<Pending<'_>> {
        grumble()
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_is_counted_and_harms_nothing() {
    let recorder = Recorder::new();
    let etl = pipeline!(half).observe(Grumpy).observe(recorder.clone());
    let run = etl.start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(count(&results, Outcome::Completed), 5);
    assert_eq!(count(&results, Outcome::Failed), 5);
    // The observer behind it has got everything.
    recorder.check(&results, &run.stats());
    let panics = run.stats().observer_panics;
    let events = recorder.events().len() as u64;
    assert!(panics > events, "{panics} panics, {events} events");
}

#[tokio::test(start_paused = true)]
async fn only_the_events_are_counted_where_only_they_panic() {
    struct Status;
    impl Observer for Status {
        fn on_status(&self, _: &StatusEvent) {
            grumble()
        }

        fn wants_tasks(&self) -> bool {
            false
        }
    }
    let recorder = Recorder::new();
    let etl = pipeline!(half).observe(Status).observe(recorder.clone());
    let run = etl.start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    within(run.join()).await;
    assert_eq!(
        run.stats().observer_panics,
        recorder.statuses().len() as u64
    );
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_when_it_is_asked_what_it_wants_gets_nothing() {
    #[derive(Clone, Default)]
    struct Undecided(Arc<AtomicU64>);
    impl Observer for Undecided {
        fn on_status(&self, _: &StatusEvent) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn wants_status(&self, _: Status) -> bool {
            grumble()
        }
    }
    let undecided = Undecided::default();
    let run = pipeline!(half).observe(undecided.clone()).start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    assert_eq!(within(run.join()).await.len(), 10);
    assert_eq!(undecided.0.load(Ordering::Relaxed), 0);
    assert_eq!(run.stats().observer_panics, 1);
}

#[tokio::test(start_paused = true)]
async fn each_observer_gets_what_it_wants_and_no_more() {
    #[derive(Clone)]
    struct Picky {
        status: bool,
        tasks: bool,
        seen: Recorder,
    }
    impl Observer for Picky {
        fn on_status(&self, event: &StatusEvent) {
            self.seen.on_status(event);
        }

        fn on_task(&self, event: &TaskEvent) {
            self.seen.on_task(event);
        }

        fn wants_status(&self, _: Status) -> bool {
            self.status
        }

        fn wants_tasks(&self) -> bool {
            self.tasks
        }
    }
    let picky = |status, tasks| Picky {
        status,
        tasks,
        seen: Recorder::new(),
    };
    let [neither, status, tasks, both] = [
        picky(false, false),
        picky(true, false),
        picky(false, true),
        picky(true, true),
    ];
    let mut etl = pipeline!(half);
    for observer in [&neither, &status, &tasks, &both] {
        etl = etl.observe(observer.clone());
    }
    within(etl.run(0..4)).await.unwrap();
    assert_eq!(neither.seen.events().len(), 0);
    assert_eq!(status.seen.tasks().len(), 0);
    assert_eq!(tasks.seen.statuses().len(), 0);
    assert_eq!(status.seen.statuses().len(), both.seen.statuses().len());
    assert_eq!(tasks.seen.tasks().len(), both.seen.tasks().len());
    // 2 items that succeed, 2 that are tried twice.
    assert_eq!(both.seen.statuses().len(), 2 * 3 + 2 * 5);
    assert_eq!(both.seen.tasks().len(), 2 * 2 + 2 * 4);
}

#[tokio::test(start_paused = true)]
async fn a_run_may_have_an_observer_of_its_own() {
    let (all, one) = (Recorder::new(), Recorder::new());
    let etl = pipeline!(half).observe(all.clone());
    within(etl.run([0]).observe(one.clone())).await.unwrap();
    within(etl.run([0])).await.unwrap();
    assert_eq!(one.count(Status::Completed), 1);
    assert_eq!(all.count(Status::Completed), 2);
}

/// An observer that cannot keep up: every event costs a second, and it wants no more while two are left to do.
#[derive(Clone, Default)]
struct Slow(Arc<AtomicU64>);

impl Observer for Slow {
    fn on_status(&self, event: &StatusEvent) {
        if event.status == Status::InProgress {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn overload(&self) -> Option<Pending<'_>> {
        (self.0.load(Ordering::Relaxed) >= 2).then(|| {
            let work: Pending<'_> = Box::pin(async {
                tokio::time::sleep(seconds(1)).await;
                self.0.store(0, Ordering::Relaxed);
            });
            work
        })
    }

    fn flush(&self) -> Option<Pending<'_>> {
        Some(Box::pin(tokio::time::sleep(seconds(60))))
    }
}

#[tokio::test(start_paused = true)]
async fn workers_wait_for_an_overloaded_observer_and_a_run_for_its_last_words() {
    let start = tokio::time::Instant::now();
    let stage = from_fn("Pass", async |item: u64| Ok::<_, Infallible>(item));
    let etl = Pipeline::builder().stage(stage).observe(Slow::default());
    let results = within(etl.run(0..10)).await.unwrap();
    assert_eq!(values(results).len(), 10);
    let took = start.elapsed();
    assert!(took >= seconds(64) && took <= seconds(66), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_ask_the_run_how_it_goes() {
    #[derive(Clone, Default)]
    struct Nosy(Log<u64>, Log<Arc<antflow::Handle<u64, u64>>>);
    impl Observer for Nosy {
        fn on_status(&self, _: &StatusEvent) {
            for run in self.1.entries() {
                self.0.push(run.stats().items_submitted);
                assert_eq!(run.worker_states().len(), 2);
            }
        }
    }
    let nosy = Nosy::default();
    let run = Arc::new(pipeline!(half).observe(nosy.clone()).start().unwrap());
    nosy.1.push(Arc::clone(&run));
    within(run.feed(0..3)).await.unwrap();
    quiet().await;
    let results = within(run.shutdown()).await;
    assert_eq!(results.len(), 3);
    assert_eq!(run.stats().observer_panics, 0);
    assert!(nosy.0.len() >= 9, "{}", nosy.0.len());
}
