use antflow::dashboard::web::WebDashboard;
use antflow::{Item, StatusTracker, pipeline, stage};
use serde_json::{Value, json};

use crate::{get, json, serve};

#[stage(workers = 2)]
async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}

#[stage(workers = 3)]
async fn double(number: u32) -> u32 {
    number * 2
}

#[stage]
async fn complain(length: usize) -> Result<(), String> {
    Err("ä".repeat(length))
}

fn items() -> [Item<String>; 4] {
    [
        Item::new("1".to_owned()).id("first"),
        Item::new("x".to_owned()).id("a/b <i>&%20é"),
        Item::new("2".to_owned()),
        Item::new("3".to_owned()).id("2"),
    ]
}

#[tokio::test]
async fn a_snapshot_has_the_figures_of_the_run_and_outlives_it() {
    let run = pipeline!(parse >> double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    let before = json(server.local_addr(), "/api/snapshot", 200).await;
    assert_eq!(before["has_ended"], false);
    run.feed(items()).await.unwrap();
    run.join().await;
    drop(run);
    let after = json(server.local_addr(), "/api/snapshot", 200).await;
    assert_eq!(after["has_ended"], true);
    let stats = &after["pipeline_stats"];
    assert_eq!(stats["items_processed"], 3);
    assert_eq!(stats["items_failed"], 1);
    assert_eq!(stats["stage_stats"][1]["stage_name"], "Double");
    assert_eq!(
        after["task_names"],
        json!({"Parse": ["parse"], "Double": ["double"]})
    );
    assert_eq!(after["workers"]["total"], 5);
    assert_eq!(after["workers"]["workers"].as_array().unwrap().len(), 5);
    assert_eq!(after["error_summary"]["errors_by_type"]["ParseIntError"], 1);
    assert_eq!(after["can"], json!({"find_items": false, "control": false}));
    assert_eq!(after["total_items"], Value::Null);
    server.shutdown().await;
}

#[tokio::test]
async fn an_item_is_found_by_its_id_with_what_it_went_through() {
    let tracker = StatusTracker::new();
    let pipeline = pipeline!(parse >> double).observe(tracker.clone());
    // The tracker knows items of the same ids from another run, which are not those that are shown.
    pipeline.run(items()).await.unwrap();
    let run = pipeline.start().unwrap();
    let server = serve(WebDashboard::new(run.view()).tracker(tracker)).await;
    let addr = server.local_addr();
    run.feed(items()).await.unwrap();
    run.join().await;

    let first = json(addr, "/api/items/first", 200).await;
    let statuses = |found: &Value| -> Vec<(String, String)> {
        let events = found["events"].as_array().unwrap().iter();
        events
            .map(|event| {
                let text = |key: &str| event[key].as_str().unwrap().to_owned();
                (text("stage"), text("status"))
            })
            .collect()
    };
    let expected = [
        ("Parse", "queued"),
        ("Parse", "in_progress"),
        ("Parse", "completed"),
        ("Double", "queued"),
        ("Double", "in_progress"),
        ("Double", "completed"),
    ];
    let expected = expected.map(|(stage, status)| (stage.to_owned(), status.to_owned()));
    assert_eq!(statuses(&first), expected);
    assert_eq!(first["omitted"], 0);

    let odd = json(addr, "/api/items/a%2Fb%20%3Ci%3E%26%2520%C3%A9", 200).await;
    assert_eq!(odd["events"][0]["item_id"], "a/b <i>&%20é");
    assert_eq!(statuses(&odd).last().unwrap().1, "failed");

    // One was fed without an id and has its number, the other has a text of the same digit.
    let both = json(addr, "/api/items/2", 200).await;
    assert_eq!(both["events"].as_array().unwrap().len(), 12);

    let none = json(addr, "/api/items/nobody", 404).await;
    assert!(
        none["error"].as_str().unwrap().contains("`nobody`"),
        "{none}"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn without_a_tracker_it_is_said_what_is_missing() {
    let run = pipeline!(double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    let none = json(server.local_addr(), "/api/items/1", 404).await;
    assert!(
        none["error"].as_str().unwrap().contains("tracker"),
        "{none}"
    );
}

#[tokio::test]
async fn long_texts_are_cut() {
    let run = pipeline!(complain).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    run.feed(vec![1_000_000; 40]).await.unwrap();
    run.join().await;
    let length = |answer: &Value| answer["message"].as_str().unwrap().chars().count();
    let snapshot = get(server.local_addr(), "/api/snapshot").await.body;
    assert!(snapshot.len() < 40_000, "{}", snapshot.len());
    let snapshot: Value = serde_json::from_str(&snapshot).unwrap();
    assert_eq!(length(&snapshot["error_summary"]["failed_items"][0]), 151);
    let errors = get(server.local_addr(), "/api/errors").await.body;
    assert!(errors.len() < 160_000, "{}", errors.len());
    let errors: Value = serde_json::from_str(&errors).unwrap();
    assert_eq!(errors["total_failed"], 40);
    assert_eq!(errors["failed_items"].as_array().unwrap().len(), 32);
    assert_eq!(length(&errors["failed_items"][0]), 2001);
}
