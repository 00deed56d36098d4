//! The rules that Prometheus evaluates: what is recorded, and what wakes somebody up.

mod alerts;
mod recording;
mod yaml;

pub(super) use self::alerts::alerts;
pub(super) use self::recording::recordings;

use self::yaml::Yaml;

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
    yaml.group("antflow-alerts");
    for alert in alerts() {
        alert.write(&mut yaml);
    }
    yaml.finish()
}
