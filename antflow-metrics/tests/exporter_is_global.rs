//! One exporter of a process may be the global one.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use antflow_metrics::metrics::{counter, histogram};
use antflow_metrics::{Exporter, ExporterError, labels, names};
use tokio::net::TcpListener;

// One test alone, as a process has one global recorder.
#[tokio::test]
async fn macros_record_to_the_global_one_and_there_is_no_second() {
    counter!("pages_total").increment(1);
    let exporter = Exporter::builder()
        .without_server()
        .global()
        .start()
        .await
        .unwrap();
    tokio::spawn(async { counter!("pages_total").increment(2) })
        .await
        .unwrap();
    histogram!(names::ITEM_DURATION_SECONDS, labels::PIPELINE => "p").record(1);

    // A port that is free, and must be free again.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let second = Exporter::builder().listen(addr).global().start().await;
    let error = second.unwrap_err();
    assert!(matches!(error, ExporterError::GlobalRecorder));
    assert_eq!(
        error.to_string(),
        "the crate `metrics` already has a global recorder: install one in a process, \
         or leave `global` out and use `Exporter::recorder`"
    );
    TcpListener::bind(addr).await.unwrap();

    let text = exporter.render();
    assert!(text.contains("\npages_total 2\n"), "{text}");
    assert!(text.contains("antflow_item_duration_seconds_count{pipeline=\"p\"} 1\n"));
}
