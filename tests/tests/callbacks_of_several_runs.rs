//! Callbacks may watch several runs, one after the other or at once, on any runtime: each run delivers its own events.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use antflow::event::{
    Callbacks, Observer, Overflow, Pending, Status, StatusEvent, TaskEvent, TaskEventKind,
};
use antflow::{Item, Launch, Pipeline, RunView, StatusTracker, from_fn, pipeline};
use antflow_tests::{Boom, Log, Recorder, add_one, panic_quietly, quiet, seconds, values, within};
use tokio::runtime::{Builder, Handle, Runtime};

fn current_thread() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let paused = builder.enable_time().start_paused(true);
    paused.build().expect("a runtime")
}

type Seen = Log<(u64, Status)>;

/// A callback that notes what it is told.
fn note(seen: &Seen) -> impl Fn(StatusEvent) + Send + Sync + use<> {
    let seen = seen.clone();
    move |event| {
        seen.push((event.sequence_id, event.status));
    }
}

fn noting(seen: &Seen) -> Callbacks {
    Callbacks::new().on_status_change(note(seen))
}

fn pass() -> Pipeline<impl Launch<(), Input = u64, Output = u64> + use<>> {
    let stage = from_fn("Pass", async |item: u64| Ok::<_, Infallible>(item));
    Pipeline::builder().stage(stage)
}

/// An observer that hands its events to another, without a word of runs.
struct Forward(Arc<dyn Observer>);

impl Observer for Forward {
    fn on_status(&self, event: &StatusEvent) {
        self.0.on_status(event);
    }

    fn overload(&self) -> Option<Pending<'_>> {
        self.0.overload()
    }

    fn flush(&self) -> Option<Pending<'_>> {
        self.0.flush()
    }
}

/// One that begins callbacks for each run, and hands on to those.
struct ForwardByRun(Callbacks);

impl Observer for ForwardByRun {
    fn begin(&self, run: &RunView) -> Option<Arc<dyn Observer>> {
        Some(Arc::new(Forward(self.0.begin(run)?)))
    }
}

/// What becomes of an item where all goes well.
const WHOLE: [(u64, Status); 3] = [
    (0, Status::Queued),
    (0, Status::InProgress),
    (0, Status::Completed),
];

#[test]
fn a_run_does_not_depend_on_the_runtime_of_another_run() {
    let [seen, tracked, forwarded] = [(); 3].map(|()| Seen::new());
    let etl = pass()
        .observe(noting(&seen))
        .observe(StatusTracker::new().on_status_change(note(&tracked)))
        .observe(ForwardByRun(noting(&forwarded)));
    let (first, second) = (current_thread(), current_thread());
    let halted = first.block_on(within(async {
        assert_eq!(etl.run([1]).await.unwrap().len(), 1);
        etl.start().unwrap()
    }));
    // From here on nobody drives the first runtime.
    let results = second.block_on(within(etl.run([1])));
    assert_eq!(values(results.unwrap()), [1]);
    for told in [seen, tracked, forwarded] {
        assert_eq!(told.entries(), [WHOLE, WHOLE].concat());
    }
    assert!(values(first.block_on(within(halted.join()))).is_empty());
}

#[tokio::test(start_paused = true)]
async fn clones_with_other_callbacks_each_tell_their_own() {
    let [first, second, third] = [(); 3].map(|()| Seen::new());
    let attempts = Log::new();
    let log = attempts.clone();
    let callbacks = noting(&first);
    let other = callbacks.clone().on_status_change(note(&second));
    let more = callbacks.clone().on_task_complete(move |event: TaskEvent| {
        log.push(event.kind);
    });
    let tracker = StatusTracker::new();
    let telling = tracker.clone().on_status_change(note(&third));
    let etl = pass().observe(callbacks).observe(other).observe(tracker);
    within(etl.run([1]).observe(more).observe(telling))
        .await
        .unwrap();
    assert_eq!(
        second.entries(),
        WHOLE,
        "its events went to somebody else's callback"
    );
    assert_eq!(third.entries(), WHOLE);
    assert_eq!(attempts.entries(), [TaskEventKind::Complete]);
    assert_eq!(first.len(), 2 * WHOLE.len());
}

#[tokio::test(start_paused = true)]
async fn counts_are_those_of_all_runs_and_clones() {
    let callbacks = Callbacks::new();
    let failing = callbacks
        .clone()
        .on_status_change(|_: StatusEvent| Err(Boom(1)))
        .on_task_start(|_: TaskEvent| panic_quietly("no"));
    let slow = callbacks
        .clone()
        .on_status_change(async |_: StatusEvent| tokio::time::sleep(seconds(1)).await)
        .on_overflow(Overflow::Drop)
        .capacity(1);
    let etl = pass().observe(failing).observe(slow);
    let (left, right) = within(async { tokio::join!(etl.run(0..2), etl.run(0..3)) }).await;
    assert_eq!((left.unwrap().len(), right.unwrap().len()), (2, 3));
    assert_eq!((callbacks.errors(), callbacks.panics()), (3 * 5, 5));
    let of_two_runs = callbacks.dropped();
    assert!(of_two_runs > 0);
    within(etl.run(0..1)).await.unwrap();
    assert_eq!((callbacks.errors(), callbacks.panics()), (3 * 6, 6));
    assert!(callbacks.dropped() > of_two_runs);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_at_once_each_tell_their_events_in_order() {
    let (seen, tracked) = (Log::new(), Log::new());
    let (log, tracked_log) = (seen.clone(), tracked.clone());
    let callbacks = Callbacks::new().on_status_change(move |event: StatusEvent| {
        let log = log.clone();
        async move {
            tokio::task::yield_now().await;
            log.push(event);
        }
    });
    let tracker = StatusTracker::new().on_status_change(move |event: StatusEvent| {
        tracked_log.push(event);
    });
    // One worker makes one order.
    let etl = pipeline!(add_one.workers(1))
        .observe(callbacks.capacity(8))
        .observe(tracker);
    let (left, right) = (Recorder::new(), Recorder::new());
    let both = async {
        tokio::join!(
            etl.run(0..500).observe(left.clone()),
            etl.run(0..500).observe(right.clone())
        )
    };
    let (results, others) = within(both).await;
    assert_eq!((results.unwrap().len(), others.unwrap().len()), (500, 500));
    for told in [seen.entries(), tracked.entries()] {
        assert_eq!(told.len(), 2 * 3 * 500);
        for recorder in [&left, &right] {
            let recorded = recorder.statuses();
            let of_run = told.iter().filter(|event| event.run == recorded[0].run);
            for item in 0..500 {
                let statuses = of_run.clone().filter(|event| event.sequence_id == item);
                let statuses: Vec<_> = statuses.map(|event| event.status).collect();
                assert_eq!(statuses, WHOLE.map(|(_, status)| status));
            }
            let done = |event: &StatusEvent| {
                (event.status == Status::Completed).then_some(event.sequence_id)
            };
            let completed: Vec<_> = of_run.filter_map(done).collect();
            assert_eq!(completed, (0..500).collect::<Vec<_>>());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_wait_in_one_run_hold_no_other_run_back() {
    for overflow in [Overflow::Wait, Overflow::Drop] {
        let told = Log::new();
        let log = told.clone();
        let stuck_on_one = move |event: StatusEvent| {
            let log = log.clone();
            async move {
                if event.item_id == "stuck" {
                    pending::<()>().await;
                }
                log.push(event.status);
            }
        };
        let tracker = StatusTracker::new().on_status_change(stuck_on_one.clone());
        let callbacks = Callbacks::new().on_status_change(stuck_on_one).capacity(3);
        let etl = pass()
            .observe(callbacks.clone().on_overflow(overflow))
            .observe(tracker.clone().with_overflow(3, overflow));
        let stuck = etl.start().unwrap();
        within(stuck.feed([Item::new(1).id("stuck")]))
            .await
            .unwrap();
        quiet().await;
        within(etl.run([1])).await.unwrap();
        assert_eq!(told.len(), 2 * WHOLE.len());
        assert_eq!((callbacks.dropped(), tracker.callbacks().dropped()), (0, 0));
    }
}

#[test]
fn a_run_that_is_fed_outside_of_any_runtime_tells_everything() {
    let seen = Seen::new();
    let callbacks = noting(&seen);
    let runtime = current_thread();
    let etl = pass().observe(callbacks.clone());
    let run = runtime.block_on(async { etl.start().unwrap() });
    let fed = futures::executor::block_on(run.feed([1]));
    assert_eq!(fed, Ok(1));
    runtime.block_on(within(run.join()));
    assert_eq!(seen.entries(), WHOLE);
    assert_eq!(callbacks.dropped(), 0);
}

#[test]
fn callbacks_may_be_handed_events_by_another_observer() {
    let (one, other) = (Seen::new(), Seen::new());
    let callbacks = noting(&one).capacity(2);
    let other_callbacks = callbacks.clone().on_status_change(note(&other));
    let etl = pass()
        .observe(Forward(Arc::new(callbacks.clone())))
        .observe(Forward(Arc::new(other_callbacks)));
    for round in 1..=2 {
        let results = current_thread().block_on(within(etl.run(0..10)));
        assert_eq!(values(results.unwrap()), (0..10).collect::<Vec<_>>());
        assert_eq!((one.len(), other.len()), (30 * round, 30 * round));
    }
    assert_eq!(callbacks.dropped(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_tasks_that_call_are_gone_when_their_runs_are_dropped() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let alone = tasks();
    let seen = Seen::new();
    let tracker = StatusTracker::new().on_status_change(note(&seen));
    let etl = pass().observe(noting(&seen)).observe(tracker);
    for _ in 0..3 {
        within(etl.run(0..10)).await.unwrap();
    }
    drop(etl.start().unwrap());
    quiet().await;
    assert_eq!(tasks(), alone);
    assert_eq!(seen.len(), 2 * 3 * 10 * WHOLE.len());
}
