use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Uri;

use crate::exporter::PushError;

const NO_URL: &str = "it is not of the form http://host:port";

/// A Pushgateway, and the group that metrics are pushed to.
///
/// The group is the job with the labels of [`grouping`](Self::grouping). Each push replaces all that was pushed to
/// its group before; metrics of other groups stay.
///
/// ```
/// use std::time::Duration;
/// use antflow_metrics::PushGateway;
///
/// let gateway = PushGateway::new("http://127.0.0.1:9091", "nightly")
///     .grouping("instance", "host-a")
///     .timeout(Duration::from_secs(3));
/// # drop(gateway);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct PushGateway {
    url: String,
    job: String,
    grouping: BTreeMap<String, String>,
    pub(super) timeout: Duration,
}

impl PushGateway {
    /// A gateway at this URL, which may have a path, and the name of the job.
    pub fn new(url: impl Into<String>, job: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            job: job.into(),
            grouping: BTreeMap::new(),
            timeout: Duration::from_secs(10),
        }
    }

    /// Adds a label to the group, such as `instance`; a second value for a label replaces the first.
    ///
    /// The gateway gives it to all metrics of the group, in place of labels of the same name: take none that metrics
    /// have, such as [`labels::PIPELINE`](crate::labels::PIPELINE).
    pub fn grouping(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.grouping.insert(label.into(), value.into());
        self
    }

    /// Sets how long a push may take, from the connection to the end of the answer; 10 seconds if left out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The URL of the group.
    ///
    /// # Errors
    /// If the gateway cannot be pushed to, or the group cannot be part of a URL.
    pub(super) fn target(&self) -> Result<Uri, PushError> {
        self.check_group()?;
        let refused = |reason| PushError::Url {
            url: self.shown_url(),
            reason,
        };
        let base: Uri = self.url.parse().map_err(|_| refused(NO_URL))?;
        let authority = base.authority().ok_or_else(|| refused(NO_URL))?;
        if authority.as_str().contains('@') {
            return Err(refused(
                "credentials would be sent in plain text, and are not",
            ));
        }
        match base.scheme_str() {
            Some("http") => {}
            Some("https") => {
                let url = self.shown_url();
                return Err(PushError::Https { url });
            }
            _ => return Err(refused(NO_URL)),
        }
        if base.query().is_some() {
            return Err(refused("it has a query"));
        }
        let mut target = format!("http://{authority}{}", base.path().trim_end_matches('/'));
        target.push_str("/metrics");
        push_label(&mut target, "job", &self.job);
        for (label, value) in &self.grouping {
            push_label(&mut target, label, value);
        }
        target.parse().map_err(|_| refused("it is too long"))
    }

    /// The URL without a password that may be in it.
    fn shown_url(&self) -> String {
        match (self.url.split_once("://"), self.url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://...@{rest}"),
            _ => self.url.clone(),
        }
    }

    fn check_group(&self) -> Result<(), PushError> {
        let refused = |label: &str, value: &str, reason| PushError::Group {
            label: label.to_owned(),
            value: value.to_owned(),
            reason,
        };
        if self.job.is_empty() {
            return Err(refused("job", "", "a job must have a name"));
        }
        for (label, value) in &self.grouping {
            if label == "job" {
                return Err(refused(
                    label,
                    value,
                    "the job is named in `PushGateway::new`",
                ));
            }
            if !is_label_name(label) {
                return Err(refused(
                    label,
                    value,
                    "a label is made of letters, digits and `_`, and starts neither with a digit nor with `__`",
                ));
            }
        }
        Ok(())
    }
}

/// Adds a label and its value to the path, as base64 unless the value is made of characters that mean nothing in a URL.
///
/// A slash cannot be written in another way, and neither can an empty value or one of dots.
fn push_label(path: &mut String, label: &str, value: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    path.push('/');
    path.push_str(label);
    if value.bytes().all(plain) && value.bytes().any(|byte| byte != b'.') {
        path.push('/');
        path.push_str(value);
    } else if value.is_empty() {
        // Nothing at all would be taken for a path that ends early.
        path.push_str("@base64/=");
    } else {
        path.push_str("@base64/");
        URL_SAFE_NO_PAD.encode_string(value, path);
    }
}

fn is_label_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(word)
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.starts_with("__")
        && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(gateway: &PushGateway) -> String {
        gateway.target().unwrap().to_string()
    }

    #[test]
    fn plain_values_stay_as_they_are() {
        let gateway =
            PushGateway::new("http://gate:9091/", "nightly").grouping("instance", "a-1.b");
        assert_eq!(
            target(&gateway),
            "http://gate:9091/metrics/job/nightly/instance/a-1.b"
        );
        let below = PushGateway::new("http://gate/prefix", "nightly");
        assert_eq!(target(&below), "http://gate/prefix/metrics/job/nightly");
    }

    #[test]
    fn other_values_are_base64() {
        let of = |value: &str| {
            let mut path = String::new();
            push_label(&mut path, "path", value);
            path
        };
        assert_eq!(of("/var/tmp"), "/path@base64/L3Zhci90bXA");
        assert_eq!(of(""), "/path@base64/=");
        assert_eq!(of(".."), "/path@base64/Li4");
        assert_eq!(of("a b"), "/path@base64/YSBi");
        assert_eq!(of("ÿ?"), "/path@base64/w78_");
    }

    #[test]
    fn what_cannot_be_pushed_to_is_said_before() {
        let of = |url: &str| {
            let gateway = PushGateway::new(url, "nightly");
            gateway.target().unwrap_err().to_string()
        };
        for url in [
            "gate:9091",
            "gate:9091/x",
            "/metrics",
            "",
            "ftp://gate",
            "a b",
        ] {
            let expected = format!("cannot push to {url}: it is not of the form http://host:port");
            assert_eq!(of(url), expected);
        }
        assert!(of("https://gate").contains("https is not supported; push through a proxy"));
        assert_eq!(
            of("http://gate/?x=1"),
            "cannot push to http://gate/?x=1: it has a query"
        );
        assert_eq!(
            of("http://me:secret@gate:1/x"),
            "cannot push to http://...@gate:1/x: credentials would be sent in plain text, and are not"
        );
        assert!(!of("https://me:secret@gate").contains("secret"));
        assert_eq!(
            target(&PushGateway::new("http://[::1]:9091#here", "nightly")),
            "http://[::1]:9091/metrics/job/nightly"
        );
    }

    #[test]
    fn a_group_has_a_job_and_labels_that_are_labels() {
        let of = |gateway: PushGateway| gateway.target().unwrap_err().to_string();
        let gateway = |job: &str| PushGateway::new("http://gate", job);
        assert_eq!(
            of(gateway("")),
            r#"cannot push with job="": a job must have a name"#
        );
        assert_eq!(
            of(gateway("nightly").grouping("job", "weekly")),
            r#"cannot push with job="weekly": the job is named in `PushGateway::new`"#
        );
        for label in ["", "a/b", "1a", "__a", "a@base64", "\u{e4}"] {
            let error = of(gateway("nightly").grouping(label, "x"));
            assert!(error.contains("a label is made of letters"), "{error}");
        }
    }
}
