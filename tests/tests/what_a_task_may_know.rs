//! A task may ask for its item's name, its attempt, its worker, and parts of the pipeline's state.

use antflow::{FromRef, Item, State, TaskContext, pipeline, stage, task};
use antflow_tests::{Boom, Log, values, within};

#[derive(Debug, Clone)]
struct Whole(Log<String>);

impl FromRef<Whole> for Log<String> {
    fn from_ref(whole: &Whole) -> Self {
        whole.0.clone()
    }
}

/// What a task may know of its item.
#[stage(workers = 1, retry = "per_task", attempts = 2, wait = "1ms")]
async fn curious(item: u64, cx: &TaskContext, said: State<Log<String>>) -> Result<u64, Boom> {
    let page = cx.metadata().get("page");
    said.push(format!(
        "{} #{} p{} {}/{} {} {}: {}",
        cx.item_id(),
        cx.sequence_id(),
        cx.priority(),
        cx.stage(),
        cx.task().unwrap_or("-"),
        cx.worker(),
        cx.attempt(),
        page.map_or_else(|| "no page".to_owned(), ToString::to_string),
    ));
    if cx.attempt() == 1 {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_knows_its_item_and_its_attempt() {
    let said = Log::new();
    let run = pipeline!(curious)
        .with_state(Whole(said.clone()))
        .start()
        .unwrap();
    run.feed([5]).await.unwrap();
    run.feed([Item::new(6).id("six").priority(7).metadata("page", 3)])
        .await
        .unwrap();
    within(run.join()).await;
    assert_eq!(
        said.entries(),
        [
            "six #1 p7 Curious/curious Curious-W0 1: 3",
            "six #1 p7 Curious/curious Curious-W0 2: 3",
            "0 #0 p100 Curious/curious Curious-W0 1: no page",
            "0 #0 p100 Curious/curious Curious-W0 2: no page",
        ]
    );
}

#[derive(Clone)]
struct Factor(u64);

struct App {
    factor: Factor,
    offset: u64,
}

impl FromRef<App> for Factor {
    fn from_ref(app: &App) -> Self {
        app.factor.clone()
    }
}

struct Offset(u64);

impl FromRef<App> for Offset {
    fn from_ref(app: &App) -> Self {
        Self(app.offset)
    }
}

#[stage]
async fn scale(item: u64, State(factor): State<Factor>) -> u64 {
    item * factor.0
}

#[task]
async fn shift(item: &u64, State(offset): State<Offset>) -> Result<u64, Boom> {
    Ok(item + offset.0)
}

#[task]
async fn scale_and_shift(item: u64, offset: State<Offset>, factor: State<Factor>) -> u64 {
    item * factor.0.0 + offset.0.0
}

#[stage]
struct Both(shift, scale_and_shift);

#[tokio::test(start_paused = true)]
async fn stages_and_tasks_take_parts_of_the_state() {
    let app = App {
        factor: Factor(10),
        offset: 3,
    };
    let etl = pipeline!(scale >> Both).with_state(app);
    let results = within(etl.run([1, 2])).await.unwrap();
    assert_eq!(values(results), [(10 + 3) * 10 + 3, (20 + 3) * 10 + 3]);
}

#[stage]
async fn split(text: String) -> (String, u64) {
    let length = text.len() as u64;
    (text, length)
}

#[stage(retry = "per_task", attempts = 2, wait = "0s")]
async fn label(text: String, length: u64, cx: &TaskContext) -> Result<String, Boom> {
    if cx.attempt() == 1 {
        Err(Boom(length))
    } else {
        Ok(format!("{text}:{length}"))
    }
}

#[tokio::test(start_paused = true)]
async fn several_parameters_are_the_parts_of_a_tuple() {
    let results = within(pipeline!(split >> label).run(["ant", "flow"].map(String::from))).await;
    assert_eq!(values(results.unwrap()), ["ant:3", "flow:4"]);
}
