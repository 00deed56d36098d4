use std::collections::HashSet;
use std::future::pending;

use antflow::dashboard::web::WebDashboard;
use antflow::{pipeline, stage};
use serde_json::Value;

use crate::{get, json, serve};

#[stage(workers = 5000, queue = 10)]
async fn hold(number: u32) -> u32 {
    match number % 2 {
        0 => number,
        _ => pending().await,
    }
}

#[stage(workers = 5000)]
async fn double(number: u32) -> u32 {
    number * 2
}

fn names(page: &Value) -> Vec<&str> {
    let workers = page["workers"].as_array().unwrap().iter();
    workers
        .map(|worker| worker["worker"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_update_stays_small_and_the_others_are_asked_for_page_by_page() {
    let run = pipeline!(hold >> double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    let addr = server.local_addr();
    run.feed(0..200).await.unwrap();
    while run.stats().items_processed < 100 || run.stats().stage_stats[0].in_progress_items < 100 {
        tokio::task::yield_now().await;
    }

    let snapshot = get(addr, "/api/snapshot").await.body;
    assert!(snapshot.len() < 64 * 1024, "{} bytes", snapshot.len());
    let workers = serde_json::from_str::<Value>(&snapshot).unwrap()["workers"].take();
    assert_eq!(
        (&workers["total"], &workers["busy"]),
        (&10_000.into(), &100.into())
    );
    // Those that have had their items for longest come first.
    assert_eq!(names(&workers).len(), 100);
    assert!(
        workers["workers"]
            .as_array()
            .unwrap()
            .iter()
            .all(|worker| worker["status"] == "busy")
    );

    let mut seen = HashSet::new();
    for offset in (0..10_000).step_by(500) {
        let path = format!("/api/workers?sort=name&limit=500&offset={offset}");
        let page = json(addr, &path, 200).await;
        assert_eq!(page["offset"], offset);
        seen.extend(names(&page).into_iter().map(str::to_owned));
    }
    assert_eq!(seen.len(), 10_000);

    let most = json(addr, "/api/workers?limit=9999", 200).await;
    assert_eq!(names(&most).len(), 500);
    let beyond = json(addr, "/api/workers?offset=10000", 200).await;
    assert!(names(&beyond).is_empty());
    let stage = json(addr, "/api/workers?stage=Double&sort=busiest&limit=3", 200).await;
    assert_eq!(stage["total"], 5000);
    assert!(
        names(&stage).iter().all(|name| name.starts_with("Double-")),
        "{stage}"
    );
    for sort in ["longest", "slowest", "failed"] {
        let page = json(addr, &format!("/api/workers?sort={sort}"), 200).await;
        assert_eq!(page["sort"], sort);
    }
    assert_eq!(get(addr, "/api/workers?sort=beauty").await.status, 400);
    run.shutdown().await;
}
