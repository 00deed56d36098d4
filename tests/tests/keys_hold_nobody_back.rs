//! What waits for its key keeps neither workers, feeders, urgent items nor observers, and fills no memory.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use antflow::event::{Callbacks, Status, StatusEvent, Stopwatch};
use antflow::{Chain, Item, Launch, Pipeline, from_fn};
use antflow_tests::{Log, Outcome, count, millis, panic_quietly, quiet, seconds, within};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn a_source_is_asked_for_no_more_than_fits() {
    async fn taken_at_first<C>(pipeline: Pipeline<C>) -> u64
    where
        C: Launch<()> + Chain<Input = u64, Output = u64>,
    {
        let taken = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&taken);
        let items = (0..10_000).inspect(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let run = tokio::spawn(async move { pipeline.run(items).await.unwrap().len() });
        quiet().await;
        let at_first = taken.load(Ordering::Relaxed);
        assert_eq!(within(run).await.unwrap(), 10_000);
        at_first
    }
    let work = from_fn("Work", async |item: u64| {
        if item == 0 {
            sleep(seconds(1)).await;
        }
        Ok::<_, Infallible>(item)
    });
    let work = work.workers(2).queue(4);
    let keyed = taken_at_first(Pipeline::builder().stage(work.clone().key(|_: &u64| ()))).await;
    assert!(keyed <= 8, "{keyed} items were taken");
    let ordered = work.ordered().key(|_: &u64| ());
    let both = taken_at_first(Pipeline::builder().stage(ordered)).await;
    assert!(both <= 8, "{both} items were taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_item_that_was_held_up_by_a_slow_key_is_begun_when_that_is_known() {
    for ordered in [false, true] {
        let (asked, begun) = (AtomicBool::new(false), Arc::new(Notify::new()));
        let work = from_fn("Work", move |item: u64| {
            let begun = Arc::clone(&begun);
            async move {
                if item == 0 {
                    begun.notified().await;
                } else {
                    begun.notify_one();
                }
                Ok::<_, Infallible>(item)
            }
        });
        let work = work.workers(3).queue(10);
        let work = if ordered { work.ordered() } else { work };
        let work = work.key(move |item: &u64| {
            if *item == 0 {
                while !asked.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
                // So that the other item comes first to where its turn is found out.
                std::thread::sleep(millis(100));
            } else {
                asked.store(true, Ordering::SeqCst);
            }
            *item
        });
        let run = Pipeline::builder().stage(work).start().unwrap();
        run.feed([0, 1]).await.unwrap();
        assert_eq!(within(run.join()).await.len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_urgent_item_goes_before_what_waited_for_a_key() {
    let begun = Log::new();
    let (log, start) = (begun.clone(), Instant::now());
    let work = from_fn("Work", move |key: u64| {
        log.push((key, start.elapsed().as_secs()));
        async move {
            sleep(seconds(if key == 1 { 1000 } else { 1 })).await;
            Ok::<_, Infallible>(())
        }
    });
    let work = work.workers(2).queue(100).key(|key: &u64| *key);
    let run = Pipeline::builder().stage(work).start().unwrap();
    within(run.feed([0; 50])).await.unwrap();
    within(run.feed([1])).await.unwrap();
    quiet().await;
    within(run.feed([Item::new(9).priority(1)])).await.unwrap();
    run.join().await;
    let entries = begun.entries();
    let (_, at) = entries.iter().find(|(key, _)| *key == 9).unwrap();
    assert!(*at <= 1, "begun after {at} seconds");
}

#[tokio::test]
async fn the_wait_for_a_key_is_a_wait_in_the_queue() {
    const PAUSE: Duration = millis(20);
    let work = from_fn("Work", async |item: u64| {
        sleep(PAUSE).await;
        Ok::<_, Infallible>(item)
    });
    let work = work.workers(3).queue(50).key(|_: &u64| ());
    let etl = Pipeline::builder().stage(work).observe(Stopwatch);
    let run = etl.start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    within(run.join()).await;
    let timings = run.view().timings().unwrap();
    let waits = &timings.stages[0].queue_wait;
    // The last one waits for nine others, and so on.
    let least = PAUSE * (0..10).sum::<u32>();
    assert!(waits.sum() >= least, "{waits:?}");
    let average = run.stats().stage_stats[0].average_queue_wait;
    let (all, slack) = (average * 10, millis(1));
    assert!(
        all + slack >= waits.sum() && waits.sum() + slack >= all,
        "{all:?}, {waits:?}"
    );
}

struct Bad(u64);

impl Drop for Bad {
    fn drop(&mut self) {
        if self.0 == 2 && !std::thread::panicking() {
            panic_quietly("drop");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_and_a_drop_that_panic_fail_one_item() {
    let work = from_fn("Work", async |item: Bad| Ok::<_, Infallible>(item.0));
    let work = work.key(|item: &Bad| {
        if item.0 == 2 {
            panic_quietly("key");
        }
        item.0
    });
    let etl = Pipeline::builder().stage(work);
    let results = within(etl.run((0..6).map(Bad))).await.unwrap();
    assert_eq!(count(&results, Outcome::Completed), 5);
    assert_eq!(count(&results, Outcome::Panicked), 1);
}

/// While a slow callback hears that what was queued is cancelled, two workers end their items. Their callbacks wait for
/// each other, so neither may be called under a lock that the other one needs.
#[test]
fn observers_of_several_workers_are_called_at_once_while_a_run_is_cut_off() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let go = Arc::new(Notify::new());
        let goes = Arc::clone(&go);
        let work = from_fn("Work", move |key: u64| {
            let go = Arc::clone(&goes);
            async move {
                go.notified().await;
                Ok::<_, Infallible>(key)
            }
        });
        let work = work.workers(3).queue(50).key(|key: &u64| *key);
        let (first, inside) = (AtomicBool::new(true), AtomicU64::new(0));
        let callbacks = Callbacks::new().on_status_change(move |event: &StatusEvent| {
            if event.status != Status::Cancelled {
                return;
            }
            if first.swap(false, Ordering::SeqCst) {
                go.notify_waiters();
                while inside.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
            } else {
                inside.fetch_add(1, Ordering::SeqCst);
                while inside.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
            }
        });
        let run = Pipeline::builder()
            .stage(work)
            .observe(callbacks)
            .start()
            .unwrap();
        run.feed([0, 1, 0, 1]).await.unwrap();
        while run.stats().stage_stats[0].in_progress_items < 2 {
            sleep(Duration::from_millis(1)).await;
        }
        run.pause();
        run.feed([5]).await.unwrap();
        assert_eq!(within(run.shutdown()).await.len(), 5);
    });
}
