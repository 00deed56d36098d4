//! What the documents say of what a worker is at: idle or busy, with which item, in which task, and what the task says.

use std::time::{Duration, SystemTime};

use antflow::{
    Handle, Item, ItemId, State, TaskContext, WorkerState, WorkerStatus, pipeline, stage, task,
};
use antflow_tests::{Boom, Gauge, Log, double, millis, quiet, second, seconds, values, within};

#[task]
async fn download(item: u64) -> u64 {
    tokio::time::sleep(seconds(1)).await;
    item
}

#[task]
async fn unpack(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    cx.set_status("unpacking");
    tokio::time::sleep(seconds(1)).await;
    if cx.attempt() == 1 {
        return Err(Boom(item));
    }
    Ok(item)
}

#[stage(retry = "per_task", attempts = 2, wait = "1s")]
struct Fetch(download, unpack);

fn only(run: &Handle<u64, u64>) -> WorkerState {
    run.worker_states().remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_worker_is_idle_without_an_item() {
    let run = pipeline!(Fetch).start().unwrap();
    let state = only(&run);
    assert_eq!(state.worker.to_string(), "Fetch-W0");
    assert_eq!((state.worker.stage(), state.worker.index()), ("Fetch", 0));
    assert_eq!((state.status, state.is_busy()), (WorkerStatus::Idle, false));
    assert_eq!(state.status.to_string(), "idle");
    assert!(state.current_item.is_none() && state.sequence_id.is_none());
    assert!(state.current_task.is_none() && state.status_text.is_none());
    within(run.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_worker_names_its_item_its_task_and_what_the_task_says() {
    let run = pipeline!(Fetch).start().unwrap();
    within(run.feed([Item::new(7).id("batch_0001")]))
        .await
        .unwrap();
    quiet().await;
    // The two tasks, the pause before the second is tried again, and what remains.
    for (task, text) in [
        (Some("download"), None),
        (Some("unpack"), Some("unpacking")),
        (None, Some("unpacking")),
        (Some("unpack"), Some("unpacking")),
    ] {
        let state = only(&run);
        assert_eq!(state.status.as_str(), "busy");
        assert_eq!(state.current_item, Some(ItemId::from("batch_0001")));
        assert_eq!(state.sequence_id, Some(0));
        assert_eq!(state.current_task.as_deref(), task);
        assert_eq!(state.status_text.as_deref(), text);
        tokio::time::sleep(seconds(1)).await;
    }
    let state = only(&run);
    assert!(!state.is_busy() && state.current_item.is_none());
    assert!(state.current_task.is_none() && state.status_text.is_none());
    assert_eq!(values(within(run.join()).await), [7]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_is_busy_also_while_it_waits_with_its_item() {
    let etl = pipeline!(double.workers(3) >> second.workers(1).queue(1).concurrency(1));
    let run = etl.with_state(Gauge::new()).start().unwrap();
    within(run.feed(0..4)).await.unwrap();
    quiet().await;
    // One is in the last stage, one in its queue, and two wait for room there.
    let busy = run.worker_states();
    let busy = busy.iter().filter(|state| state.is_busy());
    let busy: Vec<_> = busy.map(|state| state.worker.stage()).collect();
    assert_eq!(busy, ["Double", "Double", "Second"]);
    within(run.join()).await;
}

#[tokio::test]
async fn since_says_when_it_took_its_item_and_when_it_was_done_with_it() {
    let start = SystemTime::now() - millis(1);
    let run = pipeline!(sleeper).start().unwrap();
    let idle = only(&run).since;
    tokio::time::sleep(millis(10)).await;
    within(run.feed([20])).await.unwrap();
    tokio::time::sleep(millis(5)).await;
    let busy = only(&run);
    assert!(busy.is_busy());
    assert!(start < idle && idle < busy.since);
    within(run.join()).await;
    let done = only(&run);
    assert!(!done.is_busy());
    let took = done.since.duration_since(busy.since).unwrap();
    assert!(took >= millis(19), "{took:?}");
}

#[stage]
async fn sleeper(pause: u64) -> u64 {
    tokio::time::sleep(millis(pause)).await;
    pause
}

/// Says where it is as often as it may, and notes whether it was let.
#[stage]
async fn copy(item: u64, cx: &TaskContext, taken: State<Log<bool>>) -> u64 {
    for pause in [0, 40, 70, 10] {
        tokio::time::sleep(millis(pause)).await;
        let text = format!("item {item} after {pause} ms");
        taken.push(cx.set_status_every(millis(100), text));
    }
    taken.push(cx.set_status_every(Duration::ZERO, "nearly done"));
    tokio::time::sleep(millis(10)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn a_text_that_comes_too_soon_after_the_last_one_is_not_taken() {
    let taken = Log::new();
    let run = pipeline!(copy).with_state(taken.clone()).start().unwrap();
    within(run.feed([7])).await.unwrap();
    let said = async |after: u64| {
        tokio::time::sleep(millis(after)).await;
        only(&run).status_text.map(std::borrow::Cow::into_owned)
    };
    assert_eq!(said(1).await.as_deref(), Some("item 7 after 0 ms"));
    assert_eq!(said(40).await.as_deref(), Some("item 7 after 0 ms"));
    assert_eq!(said(70).await.as_deref(), Some("item 7 after 70 ms"));
    assert_eq!(said(10).await.as_deref(), Some("nearly done"));
    within(run.join()).await;
    assert_eq!(taken.entries(), [true, false, true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn the_interval_begins_anew_with_each_item() {
    let taken = Log::new();
    let etl = pipeline!(copy).with_state(taken.clone());
    assert_eq!(values(within(etl.run([1, 2])).await.unwrap()), [1, 2]);
    let first = [true, false, true, false, true];
    assert_eq!(taken.entries(), [first, first].concat());
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_states_and_metrics_as_workers() {
    let run = pipeline!(double.workers(3) >> Fetch).start().unwrap();
    assert_eq!(run.worker_states().len(), 4);
    assert_eq!(run.worker_metrics().len(), 4);
    let names: Vec<_> = run.worker_names().into_values().flatten().collect();
    let states = run.worker_states().into_iter();
    assert!(states.map(|state| state.worker.to_string()).eq(names));
    within(run.shutdown()).await;
}
