//! A Prometheus of a test's own, and what it answers.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::http;
use crate::programs::Server;

/// A Prometheus that scrapes one address every second, as the job `antflow`, and has loaded the rules of this crate.
pub(crate) struct Prometheus {
    addr: SocketAddr,
    // Before its data, so that it has ended when they are removed.
    _server: Server,
    _data: TempDir,
}

/// An answer to a query: a series with its value.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Prometheus {
    /// Starts it, and waits until it answers. It begins to scrape some five seconds later.
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = data.path().join("prometheus.yml");
        fs::write(&config, configuration(target)).unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(option("config.file", &config))
            .arg(option("storage.tsdb.path", &data.path().join("data")))
            .arg("--web.listen-address=127.0.0.1:0")
            .arg("--scrape.discovery-reload-interval=100ms");
        let server = Server::start(&mut command, "prometheus");
        let prometheus = Self {
            addr: server.address(),
            _server: server,
            _data: data,
        };
        while http::request(prometheus.addr, "GET", "/-/ready")
            .await
            .status
            != 200
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        prometheus
    }

    /// What its API says, without the envelope.
    pub(crate) async fn api(&self, path: &str) -> Value {
        let path = format!("/api/v1/{path}");
        let answer = http::request(self.addr, "GET", &path).await;
        assert_eq!(answer.status, 200, "{path}\n{answer:?}");
        let mut answer: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(answer.get("warnings").is_none(), "{answer}");
        answer["data"].take()
    }

    /// What it answers to an expression now: series with numbers.
    pub(crate) async fn query(&self, promql: &str) -> Vec<Sample> {
        let data = self.api(&format!("query?query={}", escaped(promql))).await;
        assert_eq!(data["resultType"], "vector", "{promql}");
        let series = data["result"].as_array().unwrap().iter();
        series
            .map(|series| Sample {
                labels: texts(&series["metric"]),
                value: series["value"][1].as_str().unwrap().parse().unwrap(),
            })
            .collect()
    }
}

/// The fields of an object of texts.
pub(crate) fn texts(object: &Value) -> BTreeMap<String, String> {
    let fields = object.as_object().unwrap().iter();
    fields
        .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

fn configuration(target: SocketAddr) -> String {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana/rules/antflow-*.yml");
    format!(
        r#"global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files:
  - "{}"
scrape_configs:
  - job_name: antflow
    static_configs:
      - targets: ["{target}"]
"#,
        rules.display()
    )
}

fn option(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}

/// As part of a URL.
fn escaped(text: &str) -> String {
    let escaped = text.bytes().map(|byte| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    escaped.collect()
}
