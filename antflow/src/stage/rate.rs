use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How often something may start: a number of times in a period.
///
/// Starts are spread by the generic cell rate algorithm (GCRA, ITU-T I.371): the first `count` go at once, later ones
/// follow `per / count` apart.
///
/// ```
/// use std::time::Duration;
/// use antflow::Rate;
///
/// assert_eq!("100/s".parse(), Ok(Rate::new(100, Duration::from_secs(1))));
/// assert_eq!("5/min".parse(), Ok(Rate::new(5, Duration::from_secs(60))));
/// assert_eq!("10/500ms".parse(), Ok(Rate::new(10, Duration::from_millis(500))));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub(crate) count: u32,
    pub(crate) per: Duration,
}

impl Rate {
    /// `count` starts in every period `per`. Zero of either is refused when a run starts.
    #[must_use]
    pub fn new(count: u32, per: Duration) -> Self {
        Self { count, per }
    }

    /// Whether it lets nothing through, or has no meaning.
    pub(crate) fn is_zero(self) -> bool {
        self.count == 0 || self.per.is_zero()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, humantime::format_duration(self.per))
    }
}

/// A text that is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: write a count, a slash and a period, like `100/s` or `10/500ms`")]
pub struct ParseRateError(String);

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let parse = || {
            let (count, period) = text.split_once('/')?;
            let count = count.trim().parse().ok().filter(|count| *count > 0)?;
            let period = period.trim();
            let period = if period.starts_with(|c: char| c.is_ascii_digit()) {
                humantime::parse_duration(period)
            } else {
                humantime::parse_duration(&format!("1{period}"))
            };
            let per = period.ok().filter(|per| !per.is_zero())?;
            Some(Self { count, per })
        };
        parse().ok_or_else(|| ParseRateError(text.to_owned()))
    }
}

#[cfg(all(test, not(antflow_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_rate_is_named() {
        for text in [
            "", "5", "0/s", "-1/s", "5/", "5/0s", "5/parsec", "5/s/s", "1.5/s",
        ] {
            let error = text.parse::<Rate>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn a_rate_reads_back_what_it_displays() {
        let rate = Rate::new(7, Duration::from_millis(1500));
        assert_eq!(rate.to_string().parse(), Ok(rate));
    }
}
