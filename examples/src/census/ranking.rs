//! The questions a census answers: crates, summed up and ranked.

use rusqlite::Row;
use serde::Serialize;

use super::{LongestFunction, Store, StoreError};

/// By what [`Store::crates`] orders the crates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ranking {
    /// Most lines first.
    Biggest,
    /// Most uses of `unsafe` first. Crates without any are left out.
    MostUnsafe,
    /// Smallest share of documented public items first. Crates with fewer than
    /// [`Ranking::MIN_PUBLIC_ITEMS`] public items are left out.
    LeastDocumented,
}

impl Ranking {
    /// How many public items a crate must have to be ranked by its documentation.
    pub const MIN_PUBLIC_ITEMS: u64 = 20;

    fn condition(self) -> String {
        match self {
            Self::Biggest => "true".to_owned(),
            Self::MostUnsafe => "sum(unsafe_uses) > 0".to_owned(),
            Self::LeastDocumented => format!("sum(public_items) >= {}", Self::MIN_PUBLIC_ITEMS),
        }
    }

    fn order(self) -> &'static str {
        match self {
            Self::Biggest => "sum(lines) DESC",
            Self::MostUnsafe => "sum(unsafe_uses) DESC",
            Self::LeastDocumented => {
                "1.0 * sum(documented) / sum(public_items), sum(public_items) DESC"
            }
        }
    }
}

/// The files of one crate, summed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrateSummary {
    /// The crate, see [`crate_name()`](super::crate_name).
    pub name: String,
    /// Files counted.
    pub files: u64,
    /// Lines of text.
    pub lines: u64,
    /// Functions with a body.
    pub functions: u64,
    /// Uses of `unsafe`, of every kind.
    pub unsafe_uses: u64,
    /// Public items.
    pub public_items: u64,
    /// Public items that are documented.
    pub documented: u64,
    /// The longest function, if there is any.
    pub longest_function: Option<LongestFunction>,
}

impl CrateSummary {
    /// The share of public items that are documented, from 0 to 1.
    ///
    /// `None` without public items.
    #[must_use]
    pub fn documented_share(&self) -> Option<f64> {
        (self.public_items > 0).then(|| self.documented as f64 / self.public_items as f64)
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let name: Option<String> = row.get("longest_name")?;
        let lines: Option<usize> = row.get("longest_lines")?;
        Ok(Self {
            name: row.get("crate")?,
            files: row.get("files")?,
            lines: row.get("lines")?,
            functions: row.get("functions")?,
            unsafe_uses: row.get("unsafe_uses")?,
            public_items: row.get("public_items")?,
            documented: row.get("documented")?,
            longest_function: name
                .zip(lines)
                .map(|(name, lines)| LongestFunction { name, lines }),
        })
    }
}

impl Store {
    /// The first `top` crates by `ranking`, over all rows written so far.
    ///
    /// Rows that still wait are not among them. Crates of equal rank come in the
    /// order of their names.
    ///
    /// # Errors
    ///
    /// [`StoreError::Query`] if the database does not answer.
    pub fn crates(&self, ranking: Ranking, top: usize) -> Result<Vec<CrateSummary>, StoreError> {
        // With a single `max`, SQLite takes the other columns from the row of the maximum.
        let query = format!(
            "SELECT crate, count(*) AS files, sum(lines) AS lines, sum(functions) AS functions,
                 sum(unsafe_uses) AS unsafe_uses, sum(public_items) AS public_items,
                 sum(documented) AS documented, longest_name, max(longest_lines) AS longest_lines
             FROM files GROUP BY crate HAVING {} ORDER BY {}, crate LIMIT ?1",
            ranking.condition(),
            ranking.order()
        );
        let limit = i64::try_from(top).unwrap_or(i64::MAX);
        let mut statement = self.connection().prepare(&query)?;
        let rows = statement.query_map([limit], CrateSummary::from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::Measures;
    use super::*;

    fn row(file: &str, lines: usize, unsafe_uses: usize, documented: usize) -> Measures {
        let name = file.replace('/', "_");
        Measures {
            path: PathBuf::from(file),
            crate_name: file.split('/').next().unwrap().to_owned(),
            lines,
            functions: 2,
            unsafe_uses,
            public_items: 20,
            documented,
            longest_function: (lines > 0).then_some(LongestFunction { name, lines }),
        }
    }

    fn store() -> Store {
        let mut store = Store::temporary().unwrap();
        for row in [
            row("big/a", 100, 0, 19),
            row("big/b", 300, 0, 19),
            row("wild/a", 50, 7, 20),
            row("bare/a", 60, 1, 0),
            row("empty/a", 0, 0, 20),
            Measures {
                public_items: 19,
                ..row("tiny/a", 1, 0, 0)
            },
        ] {
            store.insert(row).unwrap();
        }
        store.flush().unwrap();
        store
    }

    fn names(ranking: Ranking, top: usize) -> Vec<String> {
        let crates = store().crates(ranking, top).unwrap();
        crates.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn every_ranking_has_its_order_and_its_threshold() {
        let all = usize::MAX;
        assert_eq!(
            names(Ranking::Biggest, all),
            ["big", "bare", "wild", "tiny", "empty"]
        );
        assert_eq!(names(Ranking::MostUnsafe, all), ["wild", "bare"]);
        assert_eq!(
            names(Ranking::LeastDocumented, all),
            ["bare", "big", "empty", "wild"]
        );
        assert_eq!(names(Ranking::Biggest, 1), ["big"]);
    }

    #[test]
    fn a_crate_is_the_sum_of_its_files() {
        let crates = store().crates(Ranking::Biggest, 1).unwrap();
        let longest = LongestFunction {
            name: "big_b".to_owned(),
            lines: 300,
        };
        let expected = CrateSummary {
            name: "big".to_owned(),
            files: 2,
            lines: 400,
            functions: 4,
            unsafe_uses: 0,
            public_items: 40,
            documented: 38,
            longest_function: Some(longest),
        };
        assert_eq!(crates, [expected]);
        assert_eq!(crates[0].documented_share(), Some(0.95));
    }

    #[test]
    fn a_crate_without_functions_has_no_longest_one() {
        let crates = store().crates(Ranking::Biggest, usize::MAX).unwrap();
        assert_eq!(crates.last().unwrap().longest_function, None);
    }
}
