//! What a census tells at its end.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::table::CrateTable;
use super::{CrateSummary, Ranking, Store, StoreError};

/// The result of one census, for programs as JSON and for people as text.
///
/// Every file that was found is in exactly one of `stored`, `failed` and
/// `cancelled`. As JSON the report has the fields below by these names, with
/// `seconds` for the time and without the rankings, which are parts of `crates`
/// in another order.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Files that were found, including directories that could not be listed.
    pub files_found: u64,
    /// Files whose row is in the database.
    pub stored: u64,
    /// Files that could not be found, read, parsed or stored.
    pub failed: u64,
    /// Files that were given up because the census was stopped.
    pub cancelled: u64,
    /// How long the census took.
    #[serde(rename = "seconds", serialize_with = "as_seconds")]
    pub elapsed: Duration,
    /// The files that failed, and why.
    pub failures: Vec<Failure>,
    /// The biggest crates.
    pub crates: Vec<CrateSummary>,
    /// The crates with the most uses of `unsafe`.
    #[serde(skip)]
    pub most_unsafe: Vec<CrateSummary>,
    /// The crates with the smallest share of documented public items.
    #[serde(skip)]
    pub least_documented: Vec<CrateSummary>,
}

/// A file that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The file.
    pub path: String,
    /// The step at which it failed.
    pub stage: String,
    /// Why, with the causes.
    pub error: String,
}

impl Failure {
    /// Describes `error` with all its causes.
    pub fn new(
        path: impl AsRef<std::path::Path>,
        stage: impl Into<String>,
        error: &dyn std::error::Error,
    ) -> Self {
        Self {
            path: path.as_ref().to_string_lossy().into_owned(),
            stage: stage.into(),
            error: with_causes(error),
        }
    }
}

/// The text of `error` and of all its causes, in one line.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl Report {
    /// The numbers of a census, without its lists of crates.
    #[must_use]
    pub fn new(
        files_found: u64,
        stored: u64,
        cancelled: u64,
        elapsed: Duration,
        failures: Vec<Failure>,
    ) -> Self {
        Self {
            files_found,
            stored,
            failed: failures.len() as u64,
            cancelled,
            elapsed,
            failures,
            crates: Vec::new(),
            most_unsafe: Vec::new(),
            least_documented: Vec::new(),
        }
    }

    /// Fills the three lists of crates with the first `top` of each ranking.
    ///
    /// # Errors
    ///
    /// Those of [`Store::crates`].
    pub fn rank(mut self, store: &Store, top: usize) -> Result<Self, StoreError> {
        self.crates = store.crates(Ranking::Biggest, top)?;
        self.most_unsafe = store.crates(Ranking::MostUnsafe, top)?;
        self.least_documented = store.crates(Ranking::LeastDocumented, top)?;
        Ok(self)
    }

    /// The report as one JSON object.
    ///
    /// # Panics
    ///
    /// Never: the report holds nothing but numbers, text and lists of them.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("numbers, text and lists have a form in JSON")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed.as_secs_f64();
        writeln!(
            f,
            "{} files found: {} stored, {} failed, {} cancelled, in {seconds:.2} s",
            self.files_found, self.stored, self.failed, self.cancelled
        )?;
        for (heading, crates) in [
            ("Biggest crates", &self.crates),
            ("Most unsafe code", &self.most_unsafe),
            ("Least documented", &self.least_documented),
        ] {
            write!(f, "{}", CrateTable { heading, crates })?;
        }
        if !self.failures.is_empty() {
            writeln!(f, "\nFailures")?;
        }
        for Failure { path, stage, error } in &self.failures {
            writeln!(f, "  {path}\n    {stage}: {error}")?;
        }
        Ok(())
    }
}

fn as_seconds<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::super::{LongestFunction, StoreError};
    use super::*;

    fn report() -> Report {
        let summary = CrateSummary {
            name: "one".to_owned(),
            files: 2,
            lines: 400,
            functions: 4,
            unsafe_uses: 3,
            public_items: 40,
            documented: 38,
            longest_function: Some(LongestFunction {
                name: "run".to_owned(),
                lines: 30,
            }),
        };
        let failure = Failure::new("src/a.rs", "parse", &"bad".parse::<u8>().unwrap_err());
        Report {
            crates: vec![summary],
            ..Report::new(3, 2, 0, Duration::from_millis(1500), vec![failure])
        }
    }

    #[test]
    fn the_object_has_the_promised_fields() {
        let object: serde_json::Value = serde_json::from_str(&report().to_json()).unwrap();
        let expected = serde_json::json!({
            "files_found": 3, "stored": 2, "failed": 1, "cancelled": 0, "seconds": 1.5,
            "failures": [{
                "path": "src/a.rs", "stage": "parse", "error": "invalid digit found in string"
            }],
            "crates": [{
                "name": "one", "files": 2, "lines": 400, "functions": 4, "unsafe_uses": 3,
                "public_items": 40, "documented": 38,
                "longest_function": { "name": "run", "lines": 30 }
            }],
        });
        assert_eq!(object, expected);
    }

    #[test]
    fn the_text_is_aligned_and_complete() {
        let expected = "\
3 files found: 2 stored, 1 failed, 0 cancelled, in 1.50 s

Biggest crates
  crate  files  lines  functions  unsafe       documented  longest function
  one        2    400          4       3  38 of 40 (95 %)  run (30 lines)

Most unsafe code
  none

Least documented
  none

Failures
  src/a.rs
    parse: invalid digit found in string
";
        assert_eq!(report().to_string(), expected);
    }

    #[test]
    fn a_failure_tells_its_causes() {
        let source = rusqlite::Error::InvalidQuery;
        let failure = Failure::new("a.rs", "store", &StoreError::Write { rows: 2, source });
        assert!(
            failure.error.starts_with("cannot write 2 rows"),
            "{}",
            failure.error
        );
        assert!(
            failure.error.ends_with(": Query is not read-only"),
            "{}",
            failure.error
        );
    }
}
