//! The book tells operators of everything that there is to load.

use std::path::Path;

const PAGE: &str = include_str!("../../book/src/operating.md");

#[test]
fn the_page_shows_what_is_generated() {
    for file in antflow_metrics::grafana::files() {
        if file.path.starts_with("docs/") {
            let include = format!(
                "{{{{#include ../../antflow-metrics/grafana/{}}}}}",
                file.path
            );
            assert!(PAGE.contains(&include), "{include}");
        }
    }
}

#[test]
fn files_that_the_page_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let quoted: Vec<_> = PAGE
        .split('`')
        .filter(|it| it.starts_with("antflow-metrics/grafana"))
        .collect();
    assert!(quoted.len() > 3, "{quoted:?}");
    for path in quoted {
        assert!(root.join(path).exists(), "{path}");
    }
}

#[test]
fn metrics_that_the_troubleshooting_of_clusters_names_are_there() {
    let page = include_str!("../../book/src/cluster-running.md");
    let quoted = page.split('`').skip(1).step_by(2);
    let named: Vec<_> = quoted
        .filter(|it| it.starts_with("antflow_") && !it.contains(' '))
        .collect();
    assert!(named.len() > 15, "{named:?}");
    for name in named {
        assert!(antflow_metrics::catalog::find(name).is_some(), "{name}");
    }
}
