use std::collections::BTreeMap;
use std::fmt;

/// How what is there differs from what has to be there, each once, in whatever order.
///
/// ```
/// use antflow::cluster::testing::Difference;
///
/// let difference = Difference::between(["a", "b"], ["b", "b"]);
/// assert_eq!(difference.missing(), ["a"]);
/// assert_eq!(difference.surplus(), ["b"]);
/// assert_eq!(difference.to_string(), "1 is missing: a; 1 is too much: b");
/// assert!(Difference::between(["a", "b"], ["b", "a"]).is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    missing: Vec<String>,
    surplus: Vec<String>,
}

/// So many are named.
const NAMED: usize = 5;

impl Difference {
    /// Compares what has to be there with what is.
    pub fn between<E: Into<String>, F: Into<String>>(
        expected: impl IntoIterator<Item = E>,
        found: impl IntoIterator<Item = F>,
    ) -> Self {
        let mut open: BTreeMap<String, i64> = BTreeMap::new();
        for one in expected {
            *open.entry(one.into()).or_default() += 1;
        }
        for one in found {
            *open.entry(one.into()).or_default() -= 1;
        }
        let mut difference = Self::default();
        for (one, left) in open {
            let side = if left > 0 {
                &mut difference.missing
            } else {
                &mut difference.surplus
            };
            side.extend((0..left.unsigned_abs()).map(|_| one.clone()));
        }
        difference
    }

    /// Is there none?
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty()
    }

    /// What has to be there and is not, as often as it is missing.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// What is there once more than it should, as often as that.
    #[must_use]
    pub fn surplus(&self) -> &[String] {
        &self.surplus
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("no difference");
        }
        let mut between = "";
        for (which, what) in [(&self.missing, "missing"), (&self.surplus, "too much")] {
            if which.is_empty() {
                continue;
            }
            let verb = if which.len() == 1 { "is" } else { "are" };
            let named = &which[..which.len().min(NAMED)];
            let rest = if named.len() < which.len() {
                ", .."
            } else {
                ""
            };
            write!(
                f,
                "{between}{} {verb} {what}: {}{rest}",
                which.len(),
                named.join(", ")
            )?;
            between = "; ";
        }
        Ok(())
    }
}
