//! The rules that Prometheus evaluates: what is recorded, and what wakes somebody up.

mod alerts;
mod cluster;
mod recording;
mod yaml;

pub(super) use self::recording::recordings;

use self::alerts::Alert;
use self::yaml::Yaml;
use super::expressions::Subject;

/// The alerts about these metrics, the most urgent ones first.
pub(super) fn alerts(subject: Subject) -> Vec<Alert> {
    match subject {
        Subject::Pipelines => alerts::alerts(),
        Subject::Cluster => cluster::alerts(),
    }
}

/// The file with the recording rules.
pub(super) fn recording_file() -> String {
    let mut yaml = Yaml::new(
        "What dashboards and alerts ask often, computed once. The names say for what there is a series, what it \
         is computed of, and how.",
    );
    yaml.group("antflow-recording");
    for recording in recordings() {
        recording.write(&mut yaml);
    }
    yaml.finish()
}

/// The file with the alerts.
pub(super) fn alerts_file() -> String {
    let mut yaml = Yaml::new(
        "What somebody should look at. Some alerts ask for what antflow-recording.yml records, so load both files.",
    );
    let groups = [
        ("antflow-alerts", Subject::Pipelines),
        ("antflow-cluster-alerts", Subject::Cluster),
    ];
    for (group, subject) in groups {
        yaml.group(group);
        for alert in alerts(subject) {
            alert.write(&mut yaml);
        }
    }
    yaml.finish()
}
