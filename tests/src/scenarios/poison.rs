//! What nobody understands, and what is too large: kept or refused with its reason, and everything goes on.

use antflow::cluster::ClusterError;
use antflow::cluster::bus::Post;
use antflow::cluster::graph::{Node, RetryPolicy};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::protocol::Topic;
use antflow::cluster::state::RunState;
use antflow::cluster::store::{DeadLetterSource, NewArtifact, Payload, StoreError};
use serde_json::{Map, json};

use super::ground::{Ground, coordinator, quick};
use super::probe::{a_while, until};
use crate::within;
use crate::worker_bench::{ROLE, Scripted, node};

/// C16: a message that is no JSON, of another version, of an unknown kind or incomplete is a dead letter with its
/// reason, and coordinators and workers go on.
pub async fn what_nobody_understands_is_a_dead_letter_and_ends_no_loop(ground: Ground) {
    let coordinator = ground.coordinator("c").await;
    let worker = ground.worker("w", &Scripted::counting(1)).await;
    let functions = Topic::Commands("coordinator_fn".into());
    let commands = Topic::Commands(ROLE.into());
    let poison: [(&Topic, &[u8], &str); 5] = [
        (&functions, b"nonsense", "not_json"),
        (&functions, b"{ \"v\": 9 }", "unknown_version"),
        (
            &Topic::Announce,
            b"{ \"v\": 1, \"kind\": \"x\" }",
            "unknown_kind",
        ),
        (&Topic::Announce, &[0xff, 0x00, 0xfe], "not_json"),
        (
            &commands,
            b"{ \"v\": 1, \"kind\": \"batch_ok\" }",
            "malformed",
        ),
    ];
    // The coordinator listens from some moment on, which nobody is told of: say it until it is heard.
    within(async {
        loop {
            for (topic, bytes, _) in poison {
                let post = Post {
                    topic: topic.clone(),
                    key: String::new(),
                    bytes: bytes.into(),
                };
                ground.own().bus().publish(post).await.unwrap();
            }
            a_while().await;
            let letters = ground.own().dead_letters(0, 1000).await.unwrap();
            let is_there = |(topic, bytes, code): (&Topic, &[u8], &str)| {
                letters.iter().any(|letter| {
                    letter.source == DeadLetterSource::Bus(topic.to_string())
                        && letter.raw == *bytes
                        && letter.code == *code
                        && !letter.reason.is_empty()
                })
            };
            if poison.into_iter().all(is_there) {
                return;
            }
        }
    })
    .await;
    let function = Node::function("f", "noop", Map::new()).depends_on(["n"]);
    let run = ground.view().submit([node("n"), function]).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    assert_eq!(coordinator.stats().restarts, 0);
    worker.shutdown().await;
    coordinator.shutdown().await;
}

/// C16: input and outputs beyond the limit of the store are refused with their size and the limit, and everything goes
/// on.
pub async fn a_payload_beyond_the_limit_is_refused_with_its_reason(ground: Ground) {
    let limit = ground.store().max_payload();
    let worker = ground
        .worker(
            "w",
            &Scripted::counting(1).works(move |batch, ctx| async move {
                if ctx.info().node == "large" {
                    return Ok(BatchResult::new(json!("x".repeat(limit))));
                }
                Ok(BatchResult::new(batch.payload))
            }),
        )
        .await;
    let run = ground.view().submit([Node::input("in")]).await;
    let large = NewArtifact {
        uid: "large".into(),
        payload: Payload::from(&json!("x".repeat(limit))),
        meta: Map::new(),
    };
    let refused = ground.own().append_input(&run, "in", vec![large]).await;
    assert!(
        matches!(&refused, Err(ClusterError::Store(StoreError::TooLarge { limit: most, .. })) if *most == limit),
        "{refused:?}"
    );
    let run = ground
        .view()
        .submit([node("large").retry(RetryPolicy::never())])
        .await;
    assert_eq!(ground.view().ended(&run).await, RunState::Failed);
    let failure = ground
        .view()
        .node(&run, "large")
        .await
        .last_failure
        .unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.permanent),
        ("bad_output", true)
    );
    let error = failure.error.unwrap();
    assert!(error.contains(&limit.to_string()), "{error}");
    let run = ground.view().submit([node("n")]).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    worker.shutdown().await;
}

/// C16: an event that is larger than what a bus may take, such as one with the whole page that a server answered, is
/// said, or is a dead letter with its reason; and those behind it are said.
pub async fn an_event_that_is_too_large_for_the_bus_holds_up_no_other_one(ground: Ground) {
    const LARGE: usize = 3 * 1024 * 1024;
    let worker = ground
        .worker(
            "w",
            &Scripted::counting(1).works(|batch, ctx| async move {
                if ctx.info().node == "large" {
                    return Err("x".repeat(LARGE).into());
                }
                Ok(BatchResult::new(batch.payload))
            }),
        )
        .await;
    let failing = ground
        .view()
        .submit([node("large").retry(RetryPolicy::never())])
        .await;
    assert_eq!(ground.view().ended(&failing).await, RunState::Failed);
    let run = ground.view().submit([node("n")]).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    let mut config = quick("c");
    config.outbox_retry.max = 2;
    let coordinator = coordinator(&ground.cluster().await, config);
    until(async || ground.own().counts().await.unwrap().outbox == 0).await;
    let letters = ground.own().dead_letters(0, 10).await.unwrap();
    for letter in &letters {
        assert!(
            matches!(letter.source, DeadLetterSource::Outbox(_)),
            "{}",
            letter.code
        );
        assert!(!letter.reason.is_empty() && letter.reason.len() < 1_000);
    }
    assert!(letters.len() <= 1, "those of other sizes were said");
    assert_eq!(coordinator.stats().restarts, 0);
    worker.shutdown().await;
    coordinator.shutdown().await;
}
