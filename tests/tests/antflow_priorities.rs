//! What the documents say of priorities: lower goes first, equals in the order in which they came.

use antflow::{Item, State, pipeline, stage};
use antflow_tests::{Log, quiet, seconds, values, within};

/// Takes one name after the other.
#[stage]
async fn desk(name: &'static str, seen: State<Log<&'static str>>) -> &'static str {
    seen.push(name);
    tokio::time::sleep(seconds(1)).await;
    name
}

/// Feeds these behind a worker that is busy, and says what came out and in which order it was worked on.
async fn behind_a_busy_worker(items: &[(&'static str, i32)]) -> [Vec<&'static str>; 2] {
    let seen = Log::new();
    let run = pipeline!(desk).with_state(seen.clone()).start();
    let run = run.expect("it can work");
    within(run.feed(["busy"])).await.expect("it is open");
    quiet().await;
    for (name, priority) in items {
        let item = Item::new(*name).priority(*priority);
        within(run.feed([item])).await.expect("it is open");
    }
    [values(within(run.join()).await), seen.entries()]
}

#[tokio::test(start_paused = true)]
async fn critical_goes_before_high_medium_and_low_and_results_stay_as_they_were_fed() {
    let items = [("low", 500), ("medium", 100), ("high", 10), ("critical", 0)];
    let [results, seen] = behind_a_busy_worker(&items).await;
    assert_eq!(seen, ["busy", "critical", "high", "medium", "low"]);
    assert_eq!(results, ["busy", "low", "medium", "high", "critical"]);
}

#[tokio::test(start_paused = true)]
async fn of_one_priority_the_first_goes_first() {
    let items = [("a", 7), ("b", 7), ("urgent", 1), ("c", 7), ("d", 7)];
    let [_, seen] = behind_a_busy_worker(&items).await;
    assert_eq!(seen, ["busy", "urgent", "a", "b", "c", "d"]);
}
