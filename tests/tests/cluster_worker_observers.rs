//! Do observers of a worker hear of each batch, commit, attempt and heartbeat, once, and of its end?

use std::sync::{Arc, Mutex};

use antflow::BoxError;
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::RunState;
use antflow::cluster::worker::{WorkerEvent, WorkerObserver, WorkerView};
use antflow_tests::worker_bench::{Planned, ROLE, Scripted, WorkerBench, node, start};
use antflow_tests::{Log, seconds};

/// Writes down what it hears.
#[derive(Clone, Default)]
struct Hears {
    events: Log<String>,
    view: Arc<Mutex<Option<WorkerView>>>,
}

impl WorkerObserver for Hears {
    fn begin(&self, worker: &WorkerView) {
        *self.view.lock().expect("nobody panics with it") = Some(worker.clone());
    }

    fn event(&self, event: &WorkerEvent<'_>) {
        let text = match event {
            WorkerEvent::Claimed { role, is_resumed } => format!("taken {role} {is_resumed}"),
            WorkerEvent::Batch { outcome, took, .. } => format!("batch {outcome:?} {took:?}"),
            WorkerEvent::Commit {
                batches,
                duplicates,
                ..
            } => format!("commit {} {}", batches.len(), duplicates.len()),
            WorkerEvent::Skipped { batches, .. } => format!("skipped {batches}"),
            WorkerEvent::Attempt {
                outcome, failure, ..
            } => {
                let code = failure.map(|failure| failure.code.to_string());
                format!("attempt {outcome:?} {code:?}")
            }
            WorkerEvent::Extended { left, .. } => format!("extended {}", left.as_secs()),
            other => format!("{other:?}"),
        };
        self.events.push(text);
    }
}

/// Fails at its second batch, the first time.
fn stumbles() -> Scripted {
    Scripted::counting(2).works(|batch, ctx| async move {
        tokio::time::sleep(seconds(30)).await;
        if batch.uid.as_str() == "b1" && ctx.info().epoch == 1 {
            let (code, permanent) = ("no_paper", false);
            return Err(BoxError::from(Planned { code, permanent }));
        }
        Ok(BatchResult::new(batch.payload))
    })
}

#[tokio::test(start_paused = true)]
async fn observers_hear_of_everything_once_and_see_the_worker_to_its_end() {
    let (bench, hears) = (WorkerBench::new(), Hears::default());
    let builder = bench.builder("w").observe(hears.clone());
    let worker = start(builder.handler(ROLE, stumbles)).await;
    let run = bench.submit([node("n")]).await;
    tokio::time::sleep(seconds(10)).await;
    let view = hears.view.lock().unwrap().clone().expect("it has begun");
    assert_eq!((view.id(), view.running()[ROLE]), (worker.id(), 1));
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let extended = |event: &String| event.starts_with("extended");
    let (beats, events): (Vec<_>, Vec<_>) = hears.events.entries().into_iter().partition(extended);
    assert_eq!(
        events,
        [
            "taken role false",
            "batch Processed Some(30s)",
            "commit 1 0",
            "batch Failed Some(30s)",
            r#"attempt Failed Some("no_paper")"#,
            "taken role false",
            "skipped 1",
            "batch Processed Some(30s)",
            "commit 1 0",
            "attempt Finished None",
        ]
    );
    assert!(beats.len() >= 4, "{beats:?}");
    assert!(!view.has_ended());
    worker.shutdown().await;
    view.ended().await;
    assert_eq!((view.stats().batches, view.running()[ROLE]), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_an_observer_is_counted_and_the_run_goes_on() {
    struct Panics;
    impl WorkerObserver for Panics {
        fn event(&self, _: &WorkerEvent<'_>) {
            antflow_tests::panic_quietly("an observer panics as planned");
        }
    }
    let bench = WorkerBench::new();
    let builder = bench.builder("w").observe(Panics);
    let worker = start(builder.handler(ROLE, || Scripted::counting(2))).await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    // The claim, two batches, a commit at least, and the end.
    assert!(worker.stats().observer_panics >= 5);
    worker.shutdown().await;
}
