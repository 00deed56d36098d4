//! How things are put for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use antflow::cluster::Timestamp;
use antflow::cluster::protocol::{Failure, Metrics};

/// What stands where there is nothing.
pub(crate) const NOTHING: &str = "-";

const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

/// A time in its two largest units: `2m 5s`.
pub(crate) fn span(time: Duration) -> String {
    let mut rest = time.as_secs();
    let Some(first) = UNITS.iter().position(|(unit, _)| rest >= *unit) else {
        return "0s".to_owned();
    };
    let mut text = String::new();
    for (unit, name) in UNITS.iter().skip(first).take(2) {
        let count = rest / unit;
        rest %= unit;
        if count > 0 {
            let space = if text.is_empty() { "" } else { " " };
            // Writing to a text does not fail.
            let _ = write!(text, "{space}{count}{name}");
        }
    }
    text
}

/// How long ago a moment was.
pub(crate) fn ago(now: Timestamp, at: Timestamp) -> String {
    format!("{} ago", span(now.since(at)))
}

/// As [`ago`], for what may not have happened.
pub(crate) fn maybe_ago(now: Timestamp, at: Option<Timestamp>) -> String {
    at.map_or_else(|| NOTHING.to_owned(), |at| ago(now, at))
}

/// How long it is until a moment.
pub(crate) fn left(now: Timestamp, until: Timestamp) -> String {
    if until < now {
        return format!("over for {}", span(now.since(until)));
    }
    span(until.since(now))
}

/// A text of somebody else on one line, without what a terminal could take for a command.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

/// As [`plain`], of so many letters at most.
pub(crate) fn short(text: &str, most: usize) -> String {
    let text = plain(text);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// A text, or that there is none.
pub(crate) fn or_nothing(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty())
        .map_or_else(|| NOTHING.to_owned(), plain)
}

/// How many are in which state: `3 finished, 1 running`.
pub(crate) fn counts(counts: &BTreeMap<String, u64>) -> String {
    let counts = counts.iter().filter(|(_, count)| **count > 0);
    let texts: Vec<_> = counts
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    if texts.is_empty() {
        return NOTHING.to_owned();
    }
    texts.join(", ")
}

/// Numbers by name: `pages=16 words=136`.
pub(crate) fn metrics(metrics: &Metrics) -> String {
    let texts = metrics
        .iter()
        .map(|(name, value)| format!("{}={value}", plain(name)));
    let texts: Vec<_> = texts.collect();
    if texts.is_empty() {
        return NOTHING.to_owned();
    }
    texts.join(" ")
}

/// What went wrong: ``bad_input (permanent) in batch `b7`: no number``.
pub(crate) fn failure(failure: &Failure) -> String {
    let kind = if failure.permanent {
        "permanent"
    } else {
        "transient"
    };
    let mut text = format!("{} ({kind})", plain(failure.code.as_str()));
    if let Some(batch) = &failure.batch_uid {
        // Writing to a text does not fail.
        let _ = write!(text, " in batch `{}`", plain(batch.as_str()));
    }
    if let Some(error) = &failure.error {
        let _ = write!(text, ": {}", plain(error));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_units_at_most() {
        let seconds = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(seconds(0), "0s");
        assert_eq!(seconds(59), "59s");
        assert_eq!(seconds(120), "2m");
        assert_eq!(seconds(3_725), "1h 2m");
        assert_eq!(seconds(86_400 + 5), "1d");
        let at = Timestamp::from_millis;
        assert_eq!(ago(at(5_000), at(2_000)), "3s ago");
        assert_eq!(left(at(5_000), at(9_000)), "4s");
        assert_eq!(left(at(9_000), at(5_000)), "over for 4s");
    }

    #[test]
    fn texts_of_others_stay_on_their_line() {
        assert_eq!(plain("a\n\u{1b}[2Jb"), "a  [2Jb");
        assert_eq!(short("häuser", 3), "häu...");
        assert_eq!(short("abc", 3), "abc");
    }
}
