//! Can a handler be tried without a cluster, from its setup to its cleanup?

use antflow::cluster::handler::{BatchResult, Finalization};
use antflow::cluster::testing::Rehearsal;
use antflow::cluster::vars::VarsOp;
use antflow_tests::worker_bench::{Planned, Scripted};
use antflow_tests::{Gauge, seconds};
use serde_json::{Map, Value, json};

#[tokio::test]
async fn a_handler_is_run_from_setup_to_cleanup_and_shows_what_it_wrote() {
    let handler = Scripted::counting(3)
        .works(|batch, ctx| async move {
            ctx.artifacts()
                .upsert_partial(batch.uid.clone(), json!({ "items": [1, 2] }))?;
            assert_eq!(ctx.info().params["greeting"], "hello");
            Ok(BatchResult::new(batch.payload).metric("items", 2.0))
        })
        .ends(|ctx| {
            let vars = Map::from_iter([("seen".to_owned(), json!(ctx.total_processed()))]);
            let end = Finalization::default().vars(VarsOp::Set(vars));
            Ok(end.metric("ends", 1.0).result("done")?)
        });
    let log = handler.log.clone();
    let rehearsal = Rehearsal::of(move || handler.clone()).param("greeting", "hello");
    let done = rehearsal.run().await.unwrap();
    assert_eq!(
        log.entries(),
        ["init", "batches", "b0", "b1", "b2", "finalize", "cleanup"]
    );
    assert_eq!(done.outputs::<u64>().unwrap(), [0, 1, 2]);
    assert_eq!(done.artifacts[1].uid, "b1");
    assert_eq!(done.artifacts[1].meta["items"], json!([1, 2]));
    assert_eq!(
        done.metrics,
        [("ends".to_owned(), 1.0), ("items".to_owned(), 6.0)].into()
    );
    assert_eq!(done.batches, 3);
    assert_eq!(done.result.unwrap().as_str(), "\"done\"");
    assert_eq!(done.vars["seen"], 3);
    assert_eq!(done.failure, None);
}

#[tokio::test(start_paused = true)]
async fn a_handler_reads_what_it_is_given_several_at_once() {
    let gauge = Gauge::new();
    let inside = gauge.clone();
    let handler = Scripted::default().works(move |batch, _| {
        let inside = inside.clone();
        async move {
            let _inside = inside.enter();
            tokio::time::sleep(seconds(100)).await;
            Ok(BatchResult::new(
                json!({ "uid": batch.uid.as_str(), "was": batch.payload }),
            ))
        }
    });
    let log = handler.log.clone();
    let rehearsal = Rehearsal::of(move || handler.clone()).reading(["ant", "flow", "run"]);
    let done = rehearsal.concurrency(2).run().await.unwrap();
    let mut outputs = done.outputs::<Value>().unwrap();
    outputs.sort_by_key(|output| output["uid"].to_string());
    assert_eq!(
        outputs,
        [("1", "ant"), ("2", "flow"), ("3", "run")]
            .map(|(uid, was)| json!({ "uid": format!("source/{uid}"), "was": was }))
    );
    assert_eq!(gauge.peak(), 2);
    assert!(!log.entries().contains(&"batches".to_owned()));
}

#[tokio::test]
async fn a_failure_is_shown_with_its_code_and_what_was_done_before_stays() {
    let handler = Scripted::counting(3).works(|batch, _| async move {
        if batch.payload == 2 {
            return Err(Planned {
                code: "broken",
                permanent: false,
            }
            .into());
        }
        Ok(BatchResult::new(batch.payload))
    });
    let log = handler.log.clone();
    let done = Rehearsal::of(move || handler.clone()).run().await.unwrap();
    let failure = done.failure.clone().unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.batch_uid),
        ("broken", Some("b2".into()))
    );
    assert_eq!(done.outputs::<u64>().unwrap(), [0, 1]);
    let ends = log.entries().split_off(5);
    assert_eq!(ends, ["cleanup"], "once, and without a second attempt");
}
