//! What is recorded is what is rendered, to the last digit.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

#[path = "support/programs.rs"]
mod programs;

use antflow_metrics::catalog::{self, Kind};
use antflow_metrics::metrics::{
    self, Label, counter, describe_counter, describe_histogram, gauge, histogram,
};
use antflow_metrics::{Exporter, ExporterError, labels, names};

async fn exporter() -> Exporter {
    Exporter::builder().without_server().start().await.unwrap()
}

/// Records with the macros of the crate `metrics` into the exporter.
fn record<T>(exporter: &Exporter, body: impl FnOnce() -> T) -> T {
    metrics::with_local_recorder(&exporter.recorder(), body)
}

/// The lines of the metric of this name, comments included.
fn family(text: &str, name: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| {
        let line = line
            .trim_start_matches("# HELP ")
            .trim_start_matches("# TYPE ");
        let rest = line.strip_prefix(name).unwrap_or_default();
        let suffixes = ["_bucket", "_sum", "_count"].iter();
        let rest = suffixes.fold(rest, |rest, suffix| rest.trim_start_matches(suffix));
        rest.starts_with([' ', '{'])
    });
    lines.map(str::to_owned).collect()
}

/// Registers a series of each metric of the catalog.
fn register_all(value: &str) {
    for metric in catalog::ALL {
        let labels = metric.labels.iter();
        let labels: Vec<_> = labels
            .map(|label| Label::new(*label, value.to_owned()))
            .collect();
        match metric.kind {
            Kind::Counter => counter!(metric.name, labels).increment(0),
            Kind::Gauge => gauge!(metric.name, labels).set(0),
            Kind::Histogram(_) => drop(histogram!(metric.name, labels)),
            _ => unreachable!("{metric:?}"),
        }
    }
}

#[tokio::test]
async fn counters_and_gauges_have_the_values_that_were_recorded() {
    let exporter = exporter().await;
    record(&exporter, || {
        let failed = labels::outcome::FAILED;
        counter!(names::ITEMS_TOTAL, labels::PIPELINE => "p", labels::OUTCOME => failed)
            .increment(u64::MAX);
        gauge!(names::STAGE_QUEUE_DEPTH, labels::PIPELINE => "p", labels::STAGE => "s").set(-0.125);
    });
    let text = exporter.render();
    assert_eq!(
        family(&text, names::ITEMS_TOTAL),
        [
            "# HELP antflow_items_total Items that reached their outcome, each counted once.",
            "# TYPE antflow_items_total counter",
            r#"antflow_items_total{pipeline="p",outcome="failed"} 18446744073709551615"#,
        ]
    );
    assert_eq!(
        family(&text, names::STAGE_QUEUE_DEPTH),
        [
            "# HELP antflow_stage_queue_depth Items that wait in the queue of a stage.",
            "# TYPE antflow_stage_queue_depth gauge",
            r#"antflow_stage_queue_depth{pipeline="p",stage="s"} -0.125"#,
        ]
    );
}

#[tokio::test]
async fn buckets_add_up_and_the_sum_is_exact() {
    let exporter = exporter().await;
    record(&exporter, || {
        let duration = histogram!(names::ITEM_DURATION_SECONDS, labels::PIPELINE => "p");
        duration.record(0.0078125);
        duration.record(0.5);
        duration.record_many(0.75, 1_000_000);
        duration.record(7200.0);
    });
    let expected = [
        ("0.01", 1),
        ("0.05", 1),
        ("0.1", 1),
        ("0.25", 1),
        ("0.5", 2),
        ("1", 1_000_002),
        ("2.5", 1_000_002),
        ("5", 1_000_002),
        ("10", 1_000_002),
        ("30", 1_000_002),
        ("60", 1_000_002),
        ("300", 1_000_002),
        ("900", 1_000_002),
        ("3600", 1_000_002),
        ("+Inf", 1_000_003),
    ];
    let name = names::ITEM_DURATION_SECONDS;
    let mut lines = vec![
        format!("# HELP {name} Time from the acceptance of an item to its outcome."),
        format!("# TYPE {name} histogram"),
    ];
    for (le, count) in expected {
        lines.push(format!(
            r#"{name}_bucket{{pipeline="p",le="{le}"}} {count}"#
        ));
    }
    lines.push(format!(r#"{name}_sum{{pipeline="p"}} 757200.5078125"#));
    lines.push(format!(r#"{name}_count{{pipeline="p"}} 1000003"#));
    assert_eq!(family(&exporter.render(), name), lines);
}

#[tokio::test]
async fn labels_are_escaped() {
    let exporter = exporter().await;
    let names = [
        ("say \"hi\"", r#"say \"hi\""#),
        (r"C:\tmp", r"C:\\tmp"),
        ("two\nlines", r"two\nlines"),
    ];
    for (name, escaped) in names {
        record(&exporter, || {
            counter!(names::ITEMS_SUBMITTED_TOTAL, labels::PIPELINE => name).increment(1);
            histogram!(names::ITEM_DURATION_SECONDS, labels::PIPELINE => name).record(1);
        });
        let text = exporter.render();
        for line in [
            format!(r#"antflow_items_submitted_total{{pipeline="{escaped}"}} 1"#),
            format!(r#"antflow_item_duration_seconds_bucket{{pipeline="{escaped}",le="0.5"}} 0"#),
            format!(r#"antflow_item_duration_seconds_sum{{pipeline="{escaped}"}} 1"#),
            format!(r#"antflow_item_duration_seconds_count{{pipeline="{escaped}"}} 1"#),
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }
}

#[tokio::test]
async fn what_was_only_registered_is_zero() {
    let exporter = exporter().await;
    assert_eq!(exporter.render(), "");
    record(&exporter, || register_all("x"));
    let text = exporter.render();
    for metric in catalog::ALL {
        let samples: Vec<_> = family(&text, metric.name)
            .into_iter()
            .filter(|line| !line.starts_with('#'))
            .collect();
        let expected = match metric.kind {
            // The bounds, the bucket of all, sum and count.
            Kind::Histogram(bounds) => bounds.len() + 3,
            _ => 1,
        };
        assert_eq!(samples.len(), expected, "{samples:?}");
        assert!(samples.iter().all(|it| it.ends_with(" 0")), "{samples:?}");
    }
}

#[tokio::test]
async fn a_family_has_its_help_and_type_once() {
    let exporter = exporter().await;
    record(&exporter, || ["b", "a", "c"].map(register_all));
    let text = exporter.render();
    for metric in catalog::ALL {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            _ => "histogram",
        };
        let comments = |start: &str| text.lines().filter(|it| it.starts_with(start)).count();
        assert_eq!(
            comments(&format!("# HELP {} {}", metric.name, metric.help)),
            1
        );
        assert_eq!(comments(&format!("# HELP {} ", metric.name)), 1);
        assert_eq!(comments(&format!("# TYPE {} {kind}", metric.name)), 1);
        assert_eq!(comments(&format!("# TYPE {} ", metric.name)), 1);
        let lines = family(&text, metric.name);
        assert!(lines[0].starts_with("# HELP") && lines[1].starts_with("# TYPE"));
    }
}

#[tokio::test]
async fn the_same_series_is_registered_once() {
    let exporter = exporter().await;
    record(&exporter, || {
        let name = names::STAGE_DURATION_SECONDS;
        histogram!(name, labels::PIPELINE => "p", labels::STAGE => "s").record(2);
        histogram!(name, labels::STAGE => "s", labels::PIPELINE => "p").record(3);
    });
    let text = exporter.render();
    let count = r#"antflow_stage_duration_seconds_count{pipeline="p",stage="s"} 2"#;
    assert_eq!(text.matches("_count{").count(), 1);
    assert!(text.contains(count), "{text}");
}

#[tokio::test]
async fn metrics_of_the_program_stand_beside_those_of_antflow() {
    let exporter = Exporter::builder()
        .without_server()
        .buckets_for("page_bytes", &[1000.0, 2000.0])
        .start()
        .await
        .unwrap();
    record(&exporter, || {
        describe_counter!("pages_total", "Pages that were seen.");
        describe_histogram!("parse_seconds", "Time to parse a page.");
        counter!("pages_total", "site" => "a").increment(3);
        histogram!("parse_seconds").record(0.5);
        histogram!("page_bytes").record_many(1500, 2);
        counter!(names::ITEMS_SUBMITTED_TOTAL, labels::PIPELINE => "p").increment(1);
        histogram!(names::ITEM_DURATION_SECONDS, labels::PIPELINE => "p").record(1);
    });
    let text = exporter.render();
    assert_eq!(
        family(&text, "pages_total"),
        [
            "# HELP pages_total Pages that were seen.",
            "# TYPE pages_total counter",
            r#"pages_total{site="a"} 3"#,
        ]
    );
    let parse = family(&text, "parse_seconds");
    assert_eq!(parse[1], "# TYPE parse_seconds histogram");
    assert_eq!(parse[2], r#"parse_seconds_bucket{le="0.001"} 0"#);
    assert_eq!(
        parse[parse.len() - 4..],
        [
            r#"parse_seconds_bucket{le="60"} 1"#,
            r#"parse_seconds_bucket{le="+Inf"} 1"#,
            "parse_seconds_sum 0.5",
            "parse_seconds_count 1",
        ]
    );
    assert_eq!(
        family(&text, "page_bytes"),
        [
            "# TYPE page_bytes histogram",
            r#"page_bytes_bucket{le="1000"} 0"#,
            r#"page_bytes_bucket{le="2000"} 2"#,
            r#"page_bytes_bucket{le="+Inf"} 2"#,
            "page_bytes_sum 3000",
            "page_bytes_count 2",
        ]
    );
    assert!(text.contains(r#"antflow_items_submitted_total{pipeline="p"} 1"#));
    assert!(text.contains(r#"antflow_item_duration_seconds_count{pipeline="p"} 1"#));
}

#[tokio::test]
async fn buckets_that_are_none_are_refused() {
    let refused = async |name: &str, bounds: &[f64]| {
        let builder = Exporter::builder().without_server();
        match builder.buckets_for(name, bounds).start().await {
            Err(error @ ExporterError::Buckets { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused("page_bytes", &[]).await,
        "the buckets of `page_bytes` cannot be set: there must be at least one"
    );
    for bounds in [
        [2.0, 1.0],
        [1.0, 1.0],
        [1.0, f64::INFINITY],
        [f64::NAN, 1.0],
    ] {
        let error = refused("page_bytes", &bounds).await;
        assert!(
            error.ends_with("they must be finite numbers that rise"),
            "{error}"
        );
    }
    let error = refused(names::TASK_DURATION_SECONDS, &[1.0]).await;
    assert!(
        error.ends_with("antflow's own histograms are fixed"),
        "{error}"
    );
}

#[tokio::test]
async fn two_exporters_do_not_mix() {
    let (one, other) = (exporter().await, exporter().await);
    let count = || {
        counter!("pages_total").increment(1);
        histogram!(names::ITEM_DURATION_SECONDS, labels::PIPELINE => "p").record(1);
    };
    record(&one, count);
    record(&one, count);
    record(&other, count);
    for (exporter, expected) in [(one, 2), (other, 1)] {
        let text = exporter.render();
        let own = format!("pages_total {expected}");
        let ours = format!(r#"antflow_item_duration_seconds_count{{pipeline="p"}} {expected}"#);
        assert!(text.lines().any(|line| line == own), "{text}");
        assert!(text.lines().any(|line| line == ours), "{text}");
    }
}

#[tokio::test]
async fn handles_record_on_other_threads_and_after_the_exporter_is_gone() {
    let exporter = exporter().await;
    let (pages, duration) = record(&exporter, || {
        let duration = histogram!(names::ITEM_DURATION_SECONDS, labels::PIPELINE => "p");
        (counter!("pages_total"), duration)
    });
    let recording = std::thread::spawn(move || {
        pages.increment(1);
        duration.record(1);
        duration
    });
    let duration = recording.join().unwrap();
    let text = exporter.render();
    assert!(text.contains("\npages_total 1\n"), "{text}");
    assert!(text.contains(r#"_sum{pipeline="p"} 1"#), "{text}");
    drop(exporter);
    duration.record(1);
}

#[tokio::test]
async fn promtool_finds_no_fault_with_it() {
    let exporter = exporter().await;
    record(&exporter, || {
        for value in ["a", "b \"quoted\"", r"c:\d", "e\nf", "\u{1f41c}"] {
            register_all(value);
            histogram!(names::ITEM_DURATION_SECONDS, labels::PIPELINE => value).record(0.3);
        }
        describe_histogram!("parse_seconds", "Time to parse a page.");
        histogram!("parse_seconds").record(0.5);
    });
    programs::check_metrics(&exporter.render());
}

#[test]
fn without_a_runtime_it_says_so() {
    let start = std::pin::pin!(Exporter::builder().start());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match start.poll(&mut context) {
        std::task::Poll::Ready(Err(error @ ExporterError::NoRuntime)) => {
            assert!(error.to_string().starts_with("no tokio runtime here"));
        }
        other => panic!("{other:?}"),
    }
}
