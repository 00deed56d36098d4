//! Numbers, times and names as a reader likes them.

use std::time::Duration;

/// A number with its thousands apart: 1,234,567.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many in a second.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate >= 999_500.0 => format!("{:.1}M/s", rate / 1e6),
        rate if rate >= 9_999.5 => format!("{:.1}k/s", rate / 1e3),
        rate if rate >= 99.95 => format!("{rate:.0}/s"),
        rate => format!("{rate:.1}/s"),
    }
}

/// A part of a whole, rounded down: what is not done is never 100 %.
pub(super) fn percent(fraction: f64) -> String {
    format!("{:.0}%", (fraction.clamp(0.0, 1.0) * 100.0).floor())
}

/// Hours, minutes and seconds; days before them.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let rest = format!("{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60);
    match days {
        0 => rest,
        days => format!("{days}d {rest}"),
    }
}

/// A time in two or three digits and its unit.
pub(super) fn short(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 3600.0 => {
            format!("{}h{:02}m", time.as_secs() / 3600, time.as_secs() / 60 % 60)
        }
        seconds if seconds >= 60.0 => {
            format!("{}m{:02}s", time.as_secs() / 60, time.as_secs() % 60)
        }
        seconds if seconds >= 0.9995 => format!("{seconds:.1}s"),
        seconds if seconds >= 0.000_999_5 => format!("{:.0}ms", seconds * 1e3),
        seconds => format!("{:.0}us", seconds * 1e6),
    }
}

/// A name or message of somebody else, in one line and without what a terminal would take for a command.
pub(super) fn clean(text: &str) -> String {
    let visible = |char: char| if char.is_control() { ' ' } else { char };
    // More than a screen is wide nobody sees.
    text.chars().take(500).map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_read() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0.0, 8.25, 99.94, 100.0, 9_999.0, 12_345.0, 2.5e6].map(rate),
            [
                "0.0/s", "8.2/s", "99.9/s", "100/s", "9999/s", "12.3k/s", "2.5M/s"
            ]
        );
        assert_eq!(
            [0.0, 0.999, 1.0, 7.0].map(percent),
            ["0%", "99%", "100%", "100%"]
        );
    }

    #[test]
    fn times_can_be_read() {
        let clocks = [0, 59, 3_661, 90_061].map(|seconds| clock(Duration::from_secs(seconds)));
        assert_eq!(clocks, ["00:00:00", "00:00:59", "01:01:01", "1d 01:01:01"]);
        let shorts = [1, 1_500, 2_500_000, 61_000_000, 3_700_000_000];
        assert_eq!(
            shorts.map(|micros| short(Duration::from_micros(micros))),
            ["1us", "2ms", "2.5s", "1m01s", "1h01m"]
        );
    }

    #[test]
    fn what_others_wrote_cannot_command_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\nc\td"), "a [2Jb c d");
        assert_eq!(clean(&"x".repeat(9999)).len(), 500);
    }
}
