//! The files that are written from the constants.

use std::fs;
use std::io;
use std::path::Path;

use super::dashboard::Dashboard;
use super::expressions::Subject;
use super::{rules, tables};
use crate::catalog;

/// What generated files say of themselves.
pub(super) const ORIGIN: &str = "Written by antflow-grafana from the constants of antflow-metrics.";

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Where it goes, relative to the directory of all of them.
    pub path: &'static str,
    /// What is in it.
    pub text: String,
}

impl File {
    /// Whether this is what the directory has.
    ///
    /// # Errors
    ///
    /// When there is a file that cannot be read.
    pub fn is_current(&self, directory: &Path) -> io::Result<bool> {
        match fs::read_to_string(directory.join(self.path)) {
            Ok(text) => Ok(text == self.text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes it into the directory, which is made if need be.
    ///
    /// # Errors
    ///
    /// When a directory cannot be made, or the file cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        let path = directory.join(self.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, &self.text)
    }
}

/// All generated files: the dashboards, the rules, and tables for documentation.
///
/// # Examples
///
/// ```
/// let files = antflow_metrics::grafana::files();
/// assert_eq!(files[0].path, "antflow.json");
/// assert!(files[0].text.contains("antflow_items_total"));
/// ```
///
/// # Panics
///
/// Never: the dashboards have nothing that JSON cannot have.
#[must_use]
pub fn files() -> Vec<File> {
    let dashboard = |subject| {
        let text = serde_json::to_string_pretty(&Dashboard::of(subject))
            .expect("all keys of the dashboards are texts, and their numbers are finite");
        text + "\n"
    };
    let file = |path, text| File { path, text };
    vec![
        file("antflow.json", dashboard(Subject::Pipelines)),
        file("antflow-cluster.json", dashboard(Subject::Cluster)),
        file("rules/antflow-recording.yml", rules::recording_file()),
        file("rules/antflow-alerts.yml", rules::alerts_file()),
        file("docs/metrics.md", tables::metrics(catalog::PIPELINES)),
        file("docs/cluster-metrics.md", tables::metrics(catalog::CLUSTER)),
        file("docs/recordings.md", tables::recordings()),
        file("docs/alerts.md", tables::alerts(Subject::Pipelines)),
        file("docs/cluster-alerts.md", tables::alerts(Subject::Cluster)),
    ]
}
