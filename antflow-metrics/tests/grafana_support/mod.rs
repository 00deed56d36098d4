//! What tests of the directory `grafana` have in common.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode, YamlOwned};

/// The directory `grafana`, or what is in it.
pub(crate) fn grafana(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("grafana")
        .join(path)
}

/// The content of a YAML file in the directory `grafana`.
pub(crate) fn yaml(path: &str) -> YamlOwned {
    let text = fs::read_to_string(grafana(path)).unwrap();
    let mut documents = YamlOwned::load_from_str(&text).unwrap();
    assert_eq!(documents.len(), 1, "{path} is one document");
    documents.remove(0)
}

/// Has promtool check something in the directory `grafana`.
pub(crate) fn promtool(command: [&str; 2], paths: &[&str]) {
    let mut promtool = Command::new("promtool");
    promtool.args(command).args(paths).current_dir(grafana(""));
    let output = promtool.output().unwrap_or_else(|error| {
        panic!(
            "promtool: {error}; install it: apt-get install -y --no-install-recommends prometheus"
        )
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{promtool:?}\n{stdout}\n{stderr}");
}
