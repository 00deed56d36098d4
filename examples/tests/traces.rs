//! The example `traces` sends what a collector expects.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode as Code};
use prost::Message;
use tokio::net::TcpListener;

type Requests = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

async fn collect(
    State(requests): State<Requests>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Vec<u8>) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    requests.lock().unwrap().push(request);
    let response = ExportTraceServiceResponse::default();
    (StatusCode::OK, response.encode_to_vec())
}

/// Runs the example with a collector at this address.
async fn traces(endpoint: String) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_traces"));
    program
        .env_clear()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    let output = tokio::task::spawn_blocking(move || program.output());
    output.await.unwrap().unwrap()
}

/// A text as it is, a number in digits.
fn text(value: &AnyValue) -> String {
    match value.value.as_ref().unwrap() {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let pair = |pair: &KeyValue| Some((pair.key.clone(), text(pair.value.as_ref()?)));
    attributes.iter().filter_map(pair).collect()
}

/// What the test looks at, and the span that it is in.
fn describe(span: &Span) -> String {
    let attributes = attributes(&span.attributes);
    let words = ["stages", "stage", "item_id", "task", "attempt", "outcome"];
    let words = words.iter().filter_map(|word| attributes.get(*word));
    let status = span
        .status
        .as_ref()
        .filter(|status| status.code() == Code::Error);
    let error = status.map_or_else(String::new, |status| format!(": {}", status.message));
    if let Some(status) = status {
        assert_eq!(attributes["error"], status.message);
    }
    let words: Vec<_> = words.map(String::as_str).collect();
    let kind = span.name.strip_prefix("antflow.").unwrap();
    format!("{kind} {}{error}", words.join(" "))
}

#[tokio::test]
async fn spans_come_to_the_collector() {
    let requests = Requests::default();
    let router = Router::new()
        .route("/v1/traces", post(collect))
        .with_state(Arc::clone(&requests));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let collector = tokio::spawn(async move { axum::serve(listener, router).await });
    let output = traces(endpoint).await;
    collector.abort();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "\
small: 1 kg sent
medium: 2 kg sent
huge: stage `Accept`, task `weigh`: 99 kg are too heavy
"
    );

    let requests = std::mem::take(&mut *requests.lock().unwrap());
    let resources = requests
        .into_iter()
        .flat_map(|request| request.resource_spans);
    let spans: Vec<Span> = resources
        .inspect(|spans| {
            let resource = attributes(&spans.resource.as_ref().unwrap().attributes);
            assert_eq!(resource["service.name"], "post");
        })
        .flat_map(|spans| spans.scope_spans)
        .flat_map(|spans| spans.spans)
        .collect();

    let parent = |span: &Span| {
        let parent = spans
            .iter()
            .find(|other| other.span_id == span.parent_span_id);
        parent.map_or_else(|| "nothing".to_owned(), describe)
    };
    let mut described: Vec<_> = spans
        .iter()
        .map(|span| format!("{} <- {}", describe(span), parent(span)))
        .collect();
    described.sort();
    assert_eq!(
        described,
        [
            "run Accept >> Send <- nothing",
            "stage Accept huge 1 failed: 99 kg are too heavy <- run Accept >> Send",
            "stage Accept medium 1 completed <- run Accept >> Send",
            "stage Accept small 1 completed <- run Accept >> Send",
            "stage Send medium 1 retrying: the van is full <- run Accept >> Send",
            "stage Send medium 2 completed <- run Accept >> Send",
            "stage Send small 1 completed <- run Accept >> Send",
            "task send 1 completed <- stage Send small 1 completed",
            "task send 1 failed: the van is full <- stage Send medium 1 retrying: the van is full",
            "task send 2 completed <- stage Send medium 2 completed",
            "task stamp 1 completed <- stage Accept medium 1 completed",
            "task stamp 1 completed <- stage Accept small 1 completed",
            "task weigh 1 completed <- stage Accept medium 1 completed",
            "task weigh 1 completed <- stage Accept small 1 completed",
            "task weigh 1 failed: 99 kg are too heavy <- stage Accept huge 1 failed: 99 kg are too heavy",
        ]
    );

    let run = spans
        .iter()
        .find(|span| span.name == "antflow.run")
        .unwrap();
    assert!(spans.iter().all(|span| span.trace_id == run.trace_id));
    for span in &spans {
        assert!(run.start_time_unix_nano <= span.start_time_unix_nano);
        assert!(span.end_time_unix_nano <= run.end_time_unix_nano);
        let stamped = attributes(&span.attributes)
            .get("task")
            .is_some_and(|task| task == "stamp");
        let events: Vec<_> = span
            .events
            .iter()
            .map(|event| event.name.as_str())
            .collect();
        assert_eq!(events, if stamped { vec!["stamped"] } else { vec![] });
    }
    let attempt = spans[0]
        .attributes
        .iter()
        .find(|pair| pair.key == "attempt");
    let attempt = attempt.and_then(|pair| pair.value.as_ref()?.value.clone());
    assert!(matches!(attempt, Some(Value::IntValue(_))), "{attempt:?}");
}

#[tokio::test]
async fn without_a_collector_it_says_so() {
    // Nobody listens there any more.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let output = traces(endpoint).await;
    assert!(!output.status.success(), "{output:?}");
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("small: 1 kg sent")
    );
}
