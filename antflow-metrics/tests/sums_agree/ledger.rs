use std::collections::BTreeMap;

use antflow_metrics::names;

use crate::scrape::Scrape;

/// A scrape from which is crossed out what was found to be right, until nothing is left.
pub(crate) struct Ledger {
    round: String,
    left: BTreeMap<String, f64>,
}

impl Ledger {
    pub(crate) fn new(round: String, scrape: Scrape) -> Self {
        for histogram in names::HISTOGRAMS {
            scrape.counts(histogram);
        }
        let mut left = scrape.0;
        // They were found to add up to the counts.
        left.retain(|series, _| !crate::scrape::name(series).ends_with("_bucket"));
        Self { round, left }
    }

    /// Crosses out a series with this value.
    pub(crate) fn has(&mut self, series: &str, expected: u64) {
        let value = self.take(series);
        assert_eq!(value, expected as f64, "{series}, {}", self.round);
    }

    /// As [`has`](Self::has), for several series that differ in what comes last.
    pub(crate) fn have<const N: usize>(
        &mut self,
        series: &str,
        last: [&str; N],
        expected: [u64; N],
    ) {
        let values = last.map(|last| self.take(&format!("{series} {last}")) as u64);
        assert_eq!(values, expected, "{series} {last:?}, {}", self.round);
    }

    /// Crosses out a series, and gives its value.
    pub(crate) fn take(&mut self, series: &str) -> f64 {
        let value = self.left.remove(series);
        value.unwrap_or_else(|| panic!("{series} is missing, {}", self.round))
    }

    /// Says in which round something is wrong.
    pub(crate) fn check(&self, holds: bool, what: &str) {
        assert!(holds, "{what}, {}", self.round);
    }

    /// Nothing may be left.
    pub(crate) fn close(self) {
        assert!(
            self.left.is_empty(),
            "nobody knows of {:#?}, {}",
            self.left,
            self.round
        );
    }
}
