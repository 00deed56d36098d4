//! Metrics in a file for node_exporter's textfile collector.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use std::error::Error;
use std::fs;
use std::path::Path;

use antflow_metrics::metrics::{self, Counter, counter};
use antflow_metrics::{Exporter, TextfileError};

async fn exporter() -> (Exporter, Counter) {
    let exporter = Exporter::builder().without_server().start().await.unwrap();
    let pages = metrics::with_local_recorder(&exporter.recorder(), || counter!("pages_total"));
    (exporter, pages)
}

/// The names of the files in the folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn the_file_has_what_is_rendered_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nightly.prom");
    let (exporter, pages) = exporter().await;
    for _ in 0..3 {
        pages.increment(1);
        exporter.write_textfile(&path).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), exporter.render());
    }
    assert_eq!(files(folder.path()), ["nightly.prom"]);
}

#[tokio::test]
async fn a_reader_never_finds_half_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nightly.prom");
    let (exporter, _) = exporter().await;
    for series in 0..1000 {
        metrics::with_local_recorder(&exporter.recorder(), || {
            counter!("pages_total", "site" => series.to_string()).increment(1);
        });
    }
    exporter.write_textfile(&path).await.unwrap();
    let len = fs::metadata(&path).unwrap().len();
    let read = path.clone();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let reader = std::thread::spawn(move || {
        let mut reads = 0;
        while ended.try_recv().is_err() || reads == 0 {
            assert_eq!(fs::read(&read).unwrap().len() as u64, len);
            reads += 1;
        }
    });
    for _ in 0..50 {
        exporter.write_textfile(&path).await.unwrap();
    }
    end.send(()).unwrap();
    reader.join().unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn the_collector_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nightly.prom");
    // What a new file may be, with the umask of this process.
    let other = folder.path().join("other");
    fs::write(&other, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    let (exporter, _) = exporter().await;
    exporter.write_textfile(&path).await.unwrap();
    assert_eq!(mode(&path) & 0o777, mode(&other) & 0o644);
}

#[tokio::test]
async fn other_names_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (exporter, _) = exporter().await;
    for name in ["nightly", "nightly.txt", ".prom", "nightly.prom.tmp"] {
        let path = folder.path().join(name);
        let error = exporter.write_textfile(&path).await.unwrap_err();
        assert!(matches!(&error, TextfileError::Name { path: it } if *it == path));
        let expected = format!(
            "{} does not end in `.prom`: node_exporter reads no other files",
            path.display()
        );
        assert_eq!(error.to_string(), expected);
    }
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/nightly.prom");
    let (exporter, _) = exporter().await;
    let error = exporter.write_textfile(&path).await.unwrap_err();
    let expected = format!(
        "cannot write {}: its folder must exist and be writable",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    let source = error.source().unwrap().downcast_ref::<std::io::Error>();
    assert_eq!(source.unwrap().kind(), std::io::ErrorKind::NotFound);
}

#[tokio::test]
async fn what_cannot_be_replaced_stays_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nightly.prom");
    fs::create_dir(&path).unwrap();
    let (exporter, _) = exporter().await;
    let error = exporter.write_textfile(&path).await.unwrap_err();
    assert!(matches!(error, TextfileError::Write { .. }));
    assert_eq!(files(folder.path()), ["nightly.prom"]);
}
