//! What the documents say of a loop beside the run that asks for its numbers.

use antflow::{Item, pipeline};
use antflow_tests::{Gauge, add_one, millis, second, within};

#[tokio::test(start_paused = true)]
async fn a_loop_beside_the_run_sees_it_go_on_to_its_end() {
    let etl = pipeline!(add_one >> second).with_state(Gauge::new());
    let run = etl.start().unwrap();
    let items = (0..10).map(|item| Item::new(item).id(format!("item {item}")));
    within(run.feed(items)).await.unwrap();
    for done in (0..10).step_by(2) {
        tokio::time::sleep(millis(500)).await;
        let stats = run.stats();
        assert_eq!(stats.items_processed, done);
        assert_eq!(stats.items_in_flight, 10 - done);
        let stage = stats.stage("Second").unwrap();
        assert_eq!(stage.completed_items, done);
        assert_eq!(stage.in_progress_items, 2);
        assert_eq!(stage.pending_items as u64, 10 - done - 2);
        tokio::time::sleep(millis(500)).await;
    }
    tokio::time::sleep(millis(1)).await;
    let stats = run.stats();
    assert_eq!((stats.items_processed, stats.items_in_flight), (10, 0));
    assert_eq!(within(run.join()).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_numbers_only_grow_and_never_beyond_what_was_fed() {
    let etl = pipeline!(add_one >> add_one.named("Again"));
    let run = etl.start().unwrap();
    let watch = async {
        let mut last = 0;
        while last < 2000 {
            let stats = run.stats();
            assert!((last..=2000).contains(&stats.items_processed));
            assert!(stats.items_submitted <= 2000);
            last = stats.items_processed;
            tokio::task::yield_now().await;
        }
    };
    let (fed, ()) = within(async { tokio::join!(run.feed(0..2000), watch) }).await;
    assert_eq!(fed, Ok(2000));
    within(run.join()).await;
    assert_eq!(run.stats().items_in_flight, 0);
}
