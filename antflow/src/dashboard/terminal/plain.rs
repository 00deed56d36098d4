//! Lines for logs and pipes: one now and then, and a summary at the end.

use std::time::Duration;

use super::model::Model;
use super::text::{clock, count, percent, rate};

/// So far apart are the lines.
const EVERY: Duration = Duration::from_secs(10);

/// Knows when the next line is due.
#[derive(Debug)]
pub(super) struct Lines {
    next: Duration,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { next: EVERY }
    }

    /// The line, if one is due.
    pub(super) fn update(&mut self, model: &Model) -> Option<String> {
        if model.has_ended || model.elapsed < self.next {
            return None;
        }
        // After a long silence there is one line, not one for each that was missed.
        self.next = model.elapsed + EVERY;
        Some(line(model))
    }
}

/// How it stands, in one line.
pub(super) fn line(model: &Model) -> String {
    let mut parts = vec![match (model.total, model.fraction) {
        (Some(total), Some(fraction)) => {
            let done = count(model.done());
            format!("{} ({done} of {} items)", percent(fraction), count(total))
        }
        _ => format!(
            "{} items done, {} in flight",
            count(model.done()),
            count(model.in_flight)
        ),
    }];
    parts.push(rate(model.rate));
    if let Some(eta) = model.eta {
        parts.push(format!("{} left", clock(eta)));
    }
    parts.extend(failures(model));
    if let Some(stage) = model.stages.iter().find(|stage| stage.is_bottleneck) {
        parts.push(format!("bottleneck {}", stage.name));
    }
    if model.is_paused() {
        parts.push("paused".to_owned());
    }
    format!("antflow: {}", parts.join(", "))
}

fn failures(model: &Model) -> Vec<String> {
    let counts = [(model.failed, "failed"), (model.cancelled, "cancelled")];
    let counts = counts.into_iter().filter(|(items, _)| *items > 0);
    counts
        .map(|(items, what)| format!("{} {what}", count(items)))
        .collect()
}

/// How it ended: one line, and one for each kind of error.
pub(super) fn summary(model: &Model) -> String {
    let items = match model.total {
        Some(total) if total != model.done() => {
            format!("{} of {} items", count(model.done()), count(total))
        }
        _ => format!("{} items", count(model.done())),
    };
    let mut parts = vec![format!("{items} in {}", super::text::short(model.elapsed))];
    parts.push(rate(model.rate));
    parts.extend(failures(model));
    let mut text = format!("antflow: ended: {}", parts.join(", "));
    for (title, counts) in [("type", &model.by_type), ("stage", &model.by_stage)] {
        for (name, items) in counts {
            text.push_str(&format!(
                "\nantflow: failed, by {title}: {name}: {}",
                count(*items)
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::model::StageRow;
    use super::*;

    fn model(seconds: u64) -> Model {
        Model {
            elapsed: Duration::from_secs(seconds),
            total: Some(2000),
            fraction: Some(0.5),
            processed: 990,
            failed: 10,
            in_flight: 500,
            rate: 50.0,
            eta: Some(Duration::from_secs(20)),
            ..Model::default()
        }
    }

    #[test]
    fn there_is_a_line_every_ten_seconds() {
        let mut lines = Lines::new();
        let due = (0..60).filter(|second| lines.update(&model(*second)).is_some());
        assert_eq!(due.collect::<Vec<_>>(), [10, 20, 30, 40, 50]);
    }

    #[test]
    fn after_a_silence_there_is_one_line() {
        let mut lines = Lines::new();
        assert!(lines.update(&model(95)).is_some());
        assert!(lines.update(&model(104)).is_none());
        assert!(lines.update(&model(105)).is_some());
    }

    #[test]
    fn a_line_says_how_it_stands() {
        let mut model = model(20);
        assert_eq!(
            line(&model),
            "antflow: 50% (1,000 of 2,000 items), 50.0/s, 00:00:20 left, 10 failed"
        );
        (model.total, model.fraction, model.eta) = (None, None, None);
        model.cancelled = 1;
        model.stages = vec![StageRow {
            name: "Parse".to_owned(),
            is_bottleneck: true,
            is_paused: true,
            ..StageRow::default()
        }];
        assert_eq!(
            line(&model),
            "antflow: 1,001 items done, 500 in flight, 50.0/s, 10 failed, 1 cancelled, bottleneck Parse, paused"
        );
    }

    #[test]
    fn the_summary_says_how_it_ended() {
        let mut model = model(20);
        model.has_ended = true;
        model.by_type = vec![("Timeout".to_owned(), 10)];
        model.by_stage = vec![("Parse".to_owned(), 10)];
        assert_eq!(
            summary(&model),
            "antflow: ended: 1,000 of 2,000 items in 20.0s, 50.0/s, 10 failed\n\
             antflow: failed, by type: Timeout: 10\n\
             antflow: failed, by stage: Parse: 10"
        );
        assert!(Lines::new().update(&model).is_none(), "the summary says it");
    }
}
