//! What a scrape says, read back from its text.

#![allow(dead_code, reason = "not every test asks for everything")]

use std::collections::BTreeMap;

/// The values of a scrape, by the name with the values of the labels behind it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Scrape(pub(crate) BTreeMap<String, f64>);

impl Scrape {
    /// Reads the text format 0.0.4.
    pub(crate) fn read(text: &str) -> Self {
        let mut values = BTreeMap::new();
        for line in text.lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap();
            let value = value
                .parse()
                .unwrap_or_else(|error| panic!("{line}: {error}"));
            let before = values.insert(name_with_labels(series), value);
            assert_eq!(before, None, "{series} is there twice");
        }
        Self(values)
    }

    /// The value of a series that must be there.
    pub(crate) fn value(&self, series: &str) -> f64 {
        let value = self.0.get(series);
        *value.unwrap_or_else(|| panic!("{series} is missing: {:#?}", self.0.keys()))
    }

    /// The series of these metrics.
    pub(crate) fn of(&self, names: &[&str]) -> BTreeMap<String, f64> {
        let is_of = |series: &str| names.contains(&name(series));
        let series = self.0.iter().filter(|(series, _)| is_of(series));
        series
            .map(|(series, value)| (series.clone(), *value))
            .collect()
    }

    /// How many values each series of a histogram has; its buckets must add up to it.
    pub(crate) fn counts(&self, histogram: &str) -> BTreeMap<String, f64> {
        let buckets = self.of(&[&format!("{histogram}_bucket")]);
        let counts = self.of(&[&format!("{histogram}_count")]);
        for (series, count) in &counts {
            let labels = labels(series);
            let mut bounds: Vec<(f64, f64)> = buckets
                .iter()
                .filter_map(|(bucket, below)| {
                    let (of, bound) = bucket.rsplit_once(' ')?;
                    (self::labels(of) == labels).then(|| (bound.parse().unwrap(), *below))
                })
                .collect();
            bounds.sort_by(|one, next| one.0.total_cmp(&next.0));
            assert!(
                bounds.is_sorted_by_key(|(_, below)| *below),
                "{series}: {bounds:?}"
            );
            assert_eq!(bounds.last(), Some(&(f64::INFINITY, *count)), "{series}");
        }
        counts
    }
}

/// The name of a series.
pub(crate) fn name(series: &str) -> &str {
    series.split(' ').next().unwrap_or_default()
}

/// The values of the labels of a series, each with a space before it.
fn labels(series: &str) -> &str {
    &series[name(series).len()..]
}

/// `name a b` of `name{x="a",y="b"}`, whose values have no spaces here.
fn name_with_labels(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else {
        return series.to_owned();
    };
    let quoted = labels.split('"').skip(1).step_by(2);
    quoted.fold(name.to_owned(), |series, value| {
        assert!(!value.contains([' ', '\\']), "{labels}");
        series + " " + value
    })
}
