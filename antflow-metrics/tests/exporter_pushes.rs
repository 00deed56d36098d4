//! Metrics pushed to a Pushgateway, which is a real one.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

#[path = "support/http.rs"]
mod http;
#[path = "support/programs.rs"]
mod programs;
#[cfg(feature = "observer")]
#[path = "support/scrape.rs"]
mod scrape;

use std::error::Error;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use antflow_metrics::metrics::{self, counter, gauge, histogram};
use antflow_metrics::{Exporter, PushError, PushGateway, labels, names};
use programs::Server;
#[cfg(feature = "observer")]
use scrape::Scrape;
use tokio::net::TcpListener;

/// A Pushgateway of its own, which ends with the test.
struct Gateway {
    addr: SocketAddr,
    _server: Server,
}

impl Gateway {
    fn start() -> Self {
        let mut command = Command::new("prometheus-pushgateway");
        command.arg("--web.listen-address=127.0.0.1:0");
        let server = Server::start(&mut command, "prometheus-pushgateway");
        Self {
            addr: server.address(),
            _server: server,
        }
    }

    fn group(&self, job: &str) -> PushGateway {
        PushGateway::new(format!("http://{}", self.addr), job)
    }

    /// The lines that this gateway gives to Prometheus for what was pushed.
    async fn lines(&self) -> Vec<String> {
        let text = http::get(self.addr, "/metrics").await;
        let pushed = text.lines().filter(|line| {
            let own = ["go_", "process_", "pushgateway_", "push_"];
            !line.starts_with('#') && !own.iter().any(|it| line.starts_with(it))
        });
        pushed.map(str::to_owned).collect()
    }
}

/// An exporter that has counted so many pages.
async fn exporter(pages: u64) -> Exporter {
    let exporter = Exporter::builder().without_server().start().await.unwrap();
    metrics::with_local_recorder(&exporter.recorder(), || {
        counter!("pages_total").increment(pages);
    });
    exporter
}

#[tokio::test]
async fn what_was_pushed_is_what_the_gateway_shows() {
    let gateway = Gateway::start();
    let exporter = exporter(3).await;
    metrics::with_local_recorder(&exporter.recorder(), || {
        histogram!(names::ITEM_DURATION_SECONDS, labels::PIPELINE => "p \"1\"").record_many(2, 5);
    });
    let group = gateway.group("nightly").grouping("instance", "a");
    exporter.push_to(group).await.unwrap();
    let lines = gateway.lines().await;
    let labels = r#"instance="a",job="nightly""#;
    for expected in [
        format!("pages_total{{{labels}}} 3"),
        format!(
            r#"antflow_item_duration_seconds_bucket{{{labels},pipeline="p \"1\"",le="2.5"}} 5"#
        ),
        format!(r#"antflow_item_duration_seconds_sum{{{labels},pipeline="p \"1\""}} 10"#),
    ] {
        assert!(lines.contains(&expected), "{expected}\n{lines:#?}");
    }
}

#[cfg(feature = "observer")]
#[antflow::stage(workers = 2)]
async fn odd(item: i32) -> Result<u32, std::num::TryFromIntError> {
    u32::try_from(item % 2 * 2 - 1)
}

#[cfg(feature = "observer")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_has_ended_has_its_last_numbers_in_the_gateway() {
    let gateway = Gateway::start();
    let exporter = Exporter::builder().without_server().start().await.unwrap();
    let job = antflow::pipeline!(odd).observe(exporter.pipeline("sort"));
    job.run(0..1001).await.unwrap();
    let group = gateway.group("nightly").grouping("instance", "a");
    exporter.push_to(group).await.unwrap();
    let pushed = Scrape::read(&gateway.lines().await.join("\n"));
    for (series, value) in [
        ("antflow_items_submitted_total a nightly sort", 1001.0),
        ("antflow_items_total a nightly completed sort", 500.0),
        ("antflow_items_total a nightly failed sort", 501.0),
        ("antflow_stage_items_total a nightly failed sort Odd", 501.0),
        (
            "antflow_task_attempts_total a nightly error sort Odd odd",
            501.0,
        ),
        (
            "antflow_task_duration_seconds_count a nightly sort Odd odd",
            1001.0,
        ),
        ("antflow_item_duration_seconds_count a nightly sort", 1001.0),
        ("antflow_items_in_flight a nightly sort", 0.0),
        ("antflow_stage_workers a nightly sort Odd", 0.0),
    ] {
        assert_eq!(pushed.value(series), value, "{series}");
    }
}

#[tokio::test]
async fn a_push_replaces_its_group_and_no_other() {
    let gateway = Gateway::start();
    let first = exporter(1).await;
    metrics::with_local_recorder(&first.recorder(), || gauge!("old").set(1));
    first.push_to(gateway.group("nightly")).await.unwrap();
    first.push_to(gateway.group("weekly")).await.unwrap();
    exporter(2)
        .await
        .push_to(gateway.group("nightly"))
        .await
        .unwrap();
    let mut lines = gateway.lines().await;
    lines.sort();
    assert_eq!(
        lines,
        [
            r#"old{instance="",job="weekly"} 1"#,
            r#"pages_total{instance="",job="nightly"} 2"#,
            r#"pages_total{instance="",job="weekly"} 1"#,
        ]
    );
}

#[tokio::test]
async fn groups_may_have_any_values() {
    let gateway = Gateway::start();
    let values = ["/var/tmp", "", ".", "..", "a b", "50%", "ä?#&+=", "//"];
    for value in values {
        let group = gateway.group("night/ly").grouping("path", value);
        exporter(1).await.push_to(group).await.unwrap();
    }
    let lines = gateway.lines().await;
    for value in values {
        let line = format!(r#"pages_total{{instance="",job="night/ly",path="{value}"}} 1"#);
        assert!(lines.contains(&line), "{line}\n{lines:#?}");
    }
    assert_eq!(lines.len(), values.len());
}

#[tokio::test]
async fn a_refusal_has_the_words_of_the_gateway() {
    let gateway = Gateway::start();
    let exporter = exporter(1).await;
    // One name for two kinds of metrics.
    metrics::with_local_recorder(&exporter.recorder(), || gauge!("pages_total").set(1));
    let error = exporter
        .push_to(gateway.group("nightly"))
        .await
        .unwrap_err();
    assert!(matches!(&error, PushError::Refused { status: 400, body, .. } if !body.is_empty()));
    let start = format!(
        "http://{}/metrics/job/nightly refused the metrics with status 400: ",
        gateway.addr
    );
    assert!(error.to_string().starts_with(&start), "{error}");
    assert!(error.to_string().contains("TYPE line"), "{error}");
    assert_eq!(gateway.lines().await, [""; 0]);
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let group = PushGateway::new(format!("http://{addr}"), "nightly");
    let error = exporter(1).await.push_to(group).await.unwrap_err();
    assert!(matches!(error, PushError::Send { .. }));
    assert_eq!(
        error.to_string(),
        format!("could not push to http://{addr}/metrics/job/nightly: is a gateway running there?")
    );
    assert!(error.source().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_does_not_answer_is_not_waited_for() {
    // Connections are taken by the system, and never by the program.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let group =
        PushGateway::new(format!("http://{addr}"), "nightly").timeout(Duration::from_secs(3));
    let error = exporter(1).await.push_to(group).await.unwrap_err();
    assert!(matches!(error, PushError::TimedOut { .. }));
    assert_eq!(
        error.to_string(),
        format!("http://{addr}/metrics/job/nightly did not answer within 3s")
    );
}

#[tokio::test]
async fn https_is_refused_with_what_to_do() {
    let group = PushGateway::new("https://gate.example:9091", "nightly");
    let error = exporter(1).await.push_to(group).await.unwrap_err();
    assert!(matches!(error, PushError::Https { .. }));
    assert_eq!(
        error.to_string(),
        "cannot push to https://gate.example:9091: https is not supported; push through a proxy that speaks plain \
         http here and TLS there, or send what `render` gives with a client of your own"
    );
}
