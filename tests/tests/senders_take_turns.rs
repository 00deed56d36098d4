//! Workers that wait for room in the next queue get it in time, however busy the others are that want it too.

use std::convert::Infallible;

use antflow::{Pipeline, from_fn};
use antflow_tests::{Log, millis, within};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn no_item_waits_for_room_while_hundreds_of_others_pass_it() {
    let fetch = from_fn("Fetch", async |item: u64| {
        sleep(millis(45 + item * 7 % 30)).await;
        Ok::<_, Infallible>((item, Instant::now()))
    });
    let waits = Log::new();
    let log = waits.clone();
    // At first a little slower than half of the workers before it, then a little faster.
    let parse = from_fn("Parse", move |(item, fetched): (u64, Instant)| {
        log.push(fetched.elapsed());
        async move {
            sleep(millis(if item < 400 { 66 } else { 57 })).await;
            Ok::<_, Infallible>(())
        }
    });
    let etl = Pipeline::builder()
        .stage(fetch.workers(6))
        .stage(parse.workers(3).queue(40));
    within(etl.run(0..3_000)).await.unwrap();
    let longest = waits.entries().into_iter().max().unwrap();
    // 0.8 s in the queue, and twice the time in which half of it is taken up: until that is so, or so many went past.
    assert!(longest <= millis(2_500), "an item waited for {longest:?}");
}
