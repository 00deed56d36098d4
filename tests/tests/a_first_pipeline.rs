//! What a newcomer does first: run items through one stage or several, and look at what comes out.

use std::num::ParseIntError;

use antflow::{Item, Pipeline, Retry, TaskContext, from_fn, pipeline, stage, task};
use antflow_tests::{
    Boom, Outcome, Recorder, add_one, count, double, millis, outcomes, values, within,
};

#[stage(workers = 2)]
async fn parse(text: String) -> Result<u64, ParseIntError> {
    text.parse()
}

#[tokio::test(start_paused = true)]
async fn two_stages() {
    let results = within(pipeline!(add_one >> double).run(0..10))
        .await
        .unwrap();
    assert_eq!(
        values(results),
        (0..10).map(|n| (n + 1) * 2).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_items_through_ten_workers() {
    let results = within(pipeline!(add_one.workers(10) >> double).run(0..1000))
        .await
        .unwrap();
    let ids: Vec<_> = results.iter().map(|result| result.sequence_id).collect();
    assert_eq!(ids, (0..1000).collect::<Vec<_>>());
    assert_eq!(
        values(results),
        (0..1000).map(|n| (n + 1) * 2).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn types_may_change_from_stage_to_stage_and_failures_stay_in_place() {
    #[stage]
    async fn spell(number: u64) -> Option<&'static str> {
        ["zero", "one", "two"]
            .get(usize::try_from(number).ok()?)
            .copied()
    }
    let texts = ["2", "ant", "7", "0"].map(String::from);
    let results = within(pipeline!(parse >> spell).run(texts)).await.unwrap();
    use Outcome::{Completed, Failed};
    assert_eq!(
        outcomes(&results),
        [Completed, Failed, Completed, Completed]
    );
    assert_eq!(results[0].value.as_ref().ok(), Some(&Some("two")));
    assert_eq!(
        results[2].value.as_ref().ok(),
        Some(&None),
        "nothing is a value too"
    );
    let error = results[1].error().unwrap();
    assert_eq!(
        (error.stage(), error.task(), error.attempts()),
        ("Parse", Some("parse"), 1)
    );
    assert!(error.downcast_ref::<ParseIntError>().is_some());
    assert_eq!(error.type_name(), "ParseIntError");
}

#[tokio::test(start_paused = true)]
async fn the_function_is_still_a_function() {
    assert_eq!(double(add_one(1).await).await, 4);
    assert!(parse("x".to_owned()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn without_the_macros() {
    let etl = Pipeline::builder()
        .stage(from_fn("Parse", async |text: &'static str| text.parse::<u64>()).workers(4))
        .stage(from_fn("Double", async |item: u64| Ok::<_, Boom>(item * 2)));
    assert_eq!(etl.stage_names(), ["Parse", "Double"]);
    let results = within(etl.run(["1", "x", "3"])).await.unwrap();
    assert_eq!(results[0].value.as_ref().ok(), Some(&2));
    assert_eq!(results[1].error().unwrap().stage(), "Parse");
    assert_eq!(results[2].value.as_ref().ok(), Some(&6));
}

#[tokio::test(start_paused = true)]
async fn one_function_for_all_items() {
    let start = tokio::time::Instant::now();
    let results = Pipeline::quick(0..20_u64, async |item: u64| {
        tokio::time::sleep(millis(100)).await;
        if item == 13 { Err("unlucky") } else { Ok(item) }
    });
    let results = within(results).await.unwrap();
    assert_eq!(count(&results, Outcome::Completed), 19);
    assert_eq!(
        results[13].error().unwrap().to_string(),
        "stage `Quick`, task `Quick`: unlucky"
    );
    assert_eq!(start.elapsed(), millis(200), "ten workers");
}

#[derive(Debug, Clone, Default)]
struct Record {
    id: u64,
    validated: bool,
    transformed: bool,
    saved: bool,
}

#[task]
async fn validate(record: Record) -> Result<Record, Boom> {
    Ok(Record {
        validated: true,
        ..record
    })
}

/// Fails at first for every third record.
#[task]
async fn transform(record: Record, cx: &TaskContext) -> Result<Record, Boom> {
    if record.id.is_multiple_of(3) && cx.attempt() == 1 {
        return Err(Boom(record.id));
    }
    Ok(Record {
        transformed: true,
        ..record
    })
}

#[task]
async fn save(record: &Record) -> Result<Record, Boom> {
    let saved = record.clone();
    Ok(Record {
        saved: true,
        ..saved
    })
}

#[stage(workers = 3, retry = "per_task", wait = "10ms")]
struct Extract(validate);

#[stage(workers = 2, retry = "per_task", wait = "10ms")]
struct Transform(transform);

#[stage(workers = 2, retry = "per_stage", wait = "10ms")]
struct Load(transform, save);

#[tokio::test(start_paused = true)]
async fn three_stages_with_retries_keep_ids_and_flags() {
    let recorder = Recorder::new();
    let etl = pipeline!(Extract >> Transform >> Load).observe(recorder.clone());
    let run = etl.start().unwrap();
    let record = |id| Record {
        id,
        ..Record::default()
    };
    let items = (0..20).map(|id| Item::new(record(id)).id(format!("record {id}")));
    within(run.feed(items)).await.unwrap();
    let results = within(run.join()).await;
    recorder.check(&results, &run.stats());
    assert_eq!(run.stats().stage("Load").unwrap().retries, 7);
    for (id, result) in (0..20).zip(results) {
        assert_eq!(result.id, &*format!("record {id}"));
        let record = result.value.unwrap();
        assert_eq!(record.id, id);
        assert!(
            record.validated && record.transformed && record.saved,
            "{record:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_is_cloned_and_run_any_number_of_times() {
    let etl = pipeline!(add_one >> double);
    for copy in [etl.clone(), etl.clone(), etl] {
        assert_eq!(values(within(copy.run([1, 2])).await.unwrap()), [4, 6]);
    }
}

#[tokio::test(start_paused = true)]
async fn one_closure_with_retries() {
    let calls = antflow_tests::Gauge::new();
    let gauge = calls.clone();
    let stage = from_fn("Flaky", move |item: u64| {
        drop(gauge.enter());
        let call = gauge.total();
        async move { if call < 3 { Err(Boom(item)) } else { Ok(item) } }
    });
    let stage = stage.retry(Retry::per_task().attempts(5).wait(millis(1)));
    let results = within(Pipeline::builder().stage(stage).run([7]))
        .await
        .unwrap();
    assert_eq!(values(results), [7]);
    assert_eq!(calls.total(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_stages_on_many_threads() {
    let etl = pipeline!(add_one >> double >> add_one.named("Last"));
    for _ in 0..10 {
        let results = within(etl.run(0..2000)).await.unwrap();
        assert_eq!(
            values(results),
            (0..2000).map(|n| (n + 1) * 2 + 1).collect::<Vec<_>>()
        );
    }
}
