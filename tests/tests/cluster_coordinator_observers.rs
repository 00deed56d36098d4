//! Do observers of a coordinator hear of its start and its warnings, and do they see it to its end?

use std::sync::{Arc, Mutex};

use antflow::cluster::coordinator::{CoordinatorObserver, CoordinatorView};
use antflow::cluster::graph::Node;
use antflow_tests::coordinator_bench::{builder, cluster, start};
use antflow_tests::worker_bench::WorkerBench;
use antflow_tests::{Log, seconds};

#[derive(Clone, Default)]
struct Hears {
    warnings: Log<String>,
    view: Arc<Mutex<Option<CoordinatorView>>>,
}

impl CoordinatorObserver for Hears {
    fn begin(&self, coordinator: &CoordinatorView) {
        *self.view.lock().expect("nobody panics with it") = Some(coordinator.clone());
    }

    fn warned(&self, code: &str, text: &str) {
        self.warnings.push(format!("{code}: {text}"));
    }
}

/// Panics at everything.
struct Panics;

impl CoordinatorObserver for Panics {
    fn begin(&self, _: &CoordinatorView) {
        antflow_tests::panic_quietly("an observer panics as planned");
    }

    fn warned(&self, _: &str, _: &str) {
        antflow_tests::panic_quietly("an observer panics as planned");
    }
}

#[tokio::test(start_paused = true)]
async fn observers_hear_of_warnings_whoever_panics_before_them() {
    let (bench, hears) = (WorkerBench::new(), Hears::default());
    let coordinator = builder(&cluster(&bench), "c").observe(Panics);
    let coordinator = start(coordinator.observe(hears.clone()));
    bench.submit([Node::new("n", "nobody")]).await;
    tokio::time::sleep(seconds(120)).await;
    let warnings = hears.warnings.entries();
    assert!(
        matches!(&warnings[..], [one] if one.starts_with("no_worker: 1 nodes wait for the role `nobody`")),
        "{warnings:?}"
    );
    let view = hears.view.lock().unwrap().clone().expect("it has begun");
    assert_eq!((view.id(), view.has_ended()), (coordinator.id(), false));
    assert_eq!(view.stats().observer_panics, 2);
    assert_eq!(view.store().counts().await.unwrap().workers, 0);
    coordinator.shutdown().await;
    view.ended().await;
}
