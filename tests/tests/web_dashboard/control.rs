use std::net::SocketAddr;

use antflow::dashboard::web::WebDashboard;
use antflow::{pipeline, stage};
use antflow_tests::{Answer, Request};

use crate::{get, json, serve};

#[stage(workers = 2)]
async fn double(number: u32) -> u32 {
    number * 2
}

#[stage]
async fn save(number: u32) -> u32 {
    number
}

async fn steer(addr: SocketAddr, action: &str, body: &str) -> Answer {
    let request = Request::post(addr, &format!("/api/control/{action}"), body);
    request
        .header("Authorization", "Bearer secret")
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn without_the_token_nothing_is_done() {
    let run = pipeline!(double >> save).start().unwrap();
    let server = serve(WebDashboard::new(run.view()).control(run.control(), "secret")).await;
    let addr = server.local_addr();
    for action in ["pause", "resume", "resize", "shutdown", "dance"] {
        for token in [
            None,
            Some("Bearer wrong"),
            Some("Bearer "),
            Some("Basic secret"),
        ] {
            let request = Request::post(addr, &format!("/api/control/{action}"), "");
            let request = match token {
                Some(token) => request.header("Authorization", token),
                None => request,
            };
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status, 401, "{action} {token:?}");
            assert!(
                answer
                    .head
                    .to_lowercase()
                    .contains("www-authenticate: bearer"),
                "{answer:?}"
            );
        }
    }
    let asked = Request::get(addr, "/api/control/pause").header("Authorization", "Bearer secret");
    assert_eq!(asked.send().await.unwrap().status, 405);
    run.feed([1]).await.unwrap();
    assert!(run.join().await[0].is_success());
}

#[tokio::test]
async fn an_empty_token_lets_nobody() {
    let run = pipeline!(double).start().unwrap();
    let server = serve(WebDashboard::new(run.view()).control(run.control(), "")).await;
    let request = Request::post(server.local_addr(), "/api/control/pause", "");
    assert_eq!(
        request
            .header("Authorization", "Bearer ")
            .send()
            .await
            .unwrap()
            .status,
        401
    );
}

#[tokio::test]
async fn there_is_no_control_that_was_not_switched_on() {
    let run = pipeline!(double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    assert_eq!(steer(server.local_addr(), "pause", "").await.status, 404);
    assert!(!run.stats().stage_stats[0].is_paused);
}

#[tokio::test]
async fn with_the_token_a_run_is_paused_resized_and_ended() {
    let run = pipeline!(double >> save).start().unwrap();
    let server = serve(WebDashboard::new(run.view()).control(run.control(), "secret")).await;
    let addr = server.local_addr();
    let paused = || {
        run.stats()
            .stage_stats
            .iter()
            .map(|stage| stage.is_paused)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        json(addr, "/api/snapshot", 200).await["can"]["control"],
        true
    );

    assert_eq!(steer(addr, "pause", "").await.status, 204);
    assert_eq!(paused(), [true, true]);
    assert_eq!(
        steer(addr, "resume", r#"{"stage": "Save"}"#).await.status,
        204
    );
    assert_eq!(paused(), [true, false]);
    assert_eq!(steer(addr, "resume", "").await.status, 204);
    assert_eq!(
        steer(addr, "pause", r#"{"stage": "Double"}"#).await.status,
        204
    );
    assert_eq!(paused(), [true, false]);
    assert_eq!(
        steer(addr, "resize", r#"{"stage": "Double", "workers": 7}"#)
            .await
            .status,
        204
    );
    assert_eq!(run.stats().stage_stats[0].workers, 7);

    for (action, body, status) in [
        ("resize", r#"{"stage": "Double", "workers": 0}"#, 400),
        ("resize", r#"{"stage": "Double", "workers": 99999999}"#, 400),
        ("resize", r#"{"stage": "Double", "workers": -1}"#, 400),
        ("resize", r#"{"workers": 7}"#, 400),
        ("pause", r#"{"stage": "<b>x</b>"}"#, 404),
        ("pause", r#"{"worker": 7}"#, 400),
        ("pause", "{", 400),
        ("shutdown", r#"{"stage": "Double"}"#, 400),
        ("dance", "", 404),
    ] {
        let answer = steer(addr, action, body).await;
        assert_eq!(answer.status, status, "{action} {body}");
        assert!(answer.body.starts_with(r#"{"error":""#), "{answer:?}");
    }
    let long = steer(addr, "pause", &" ".repeat(5000)).await;
    assert_eq!(long.status, 413);

    run.feed(0..3).await.unwrap();
    assert_eq!(steer(addr, "shutdown", "").await.status, 204);
    let results = run.join().await;
    assert!(
        results
            .iter()
            .all(|result| result.error().is_some_and(antflow::ItemError::is_cancelled))
    );
    assert_eq!(results.len(), 3);
    assert_eq!(steer(addr, "pause", "").await.status, 409);
    assert_eq!(get(addr, "/api/snapshot").await.status, 200);
}

#[tokio::test]
async fn who_waits_for_a_run_gets_its_results_when_it_is_ended_from_elsewhere() {
    let run = pipeline!(double >> save).start().unwrap();
    let control = run.control();
    control.pause();
    run.feed(0..3).await.unwrap();
    let ending = async {
        tokio::task::yield_now().await;
        control.shutdown();
    };
    let (results, ()) = tokio::join!(run.join(), ending);
    assert_eq!(results.len(), 3);
    drop(run);
    control.pause();
    assert!(control.stage::<save>().is_err() && control.stage_named("Save").is_err());
}
