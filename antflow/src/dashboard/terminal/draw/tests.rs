use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Style, Stylize};
use ratatui::widgets::Widget;

use super::super::model::{Activity, Failure, Model, StageRow, WorkerRow};
use super::super::{Detail, Level};
use super::{Look, Sort, in_place, sorted, to_text};
use crate::stage::WorkerId;

const LOOK: Look = Look { colors: true };
pub(in super::super) const LEVELS: [Level; 4] = [
    Level::Progress,
    Level::Panel(Detail::Compact),
    Level::Panel(Detail::Detailed),
    Level::Panel(Detail::Full),
];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn stage(name: &str, workers: usize, (pending, busy): (usize, usize), done: u64) -> StageRow {
    StageRow {
        name: name.to_owned(),
        workers,
        pending,
        in_progress: busy,
        done,
        rate: 41.5,
        ..StageRow::default()
    }
}

/// A run in its middle, with this many workers in its second stage.
pub(in super::super) fn model(workers: usize) -> Model {
    let mut parse = stage("Parse", workers, (64, workers), 1180);
    (parse.failed, parse.is_bottleneck) = (3, true);
    let said = |text: &'static str| Some(Activity::Said(text.into()));
    let worker = |place: usize| WorkerRow {
        worker: WorkerId::new("Parse", place),
        is_busy: place % 3 != 2,
        item: (place % 3 != 2).then(|| format!("page {place}").into()),
        activity: if place.is_multiple_of(2) {
            Some(Activity::Task("parse".into()))
        } else {
            said("page 日本 of 9")
        },
        since: Duration::from_millis(250 * (place as u64 % 9)),
        processed: 100 + place as u64,
        failed: place as u64 % 4,
        average: Duration::from_millis(48),
        utilization: 0.25 * (place % 4) as f64,
    };
    let failure = |place: u64| Failure {
        item: format!("page {place}"),
        error: "Parse: no HTML".to_owned(),
        ago: seconds(place),
    };
    Model {
        elapsed: seconds(75),
        total: Some(2000),
        processed: 1150,
        failed: 3,
        in_flight: 247,
        fraction: Some(0.625),
        rate: 41.5,
        rate_now: 40.0,
        eta: Some(seconds(45)),
        stages: vec![
            stage("Fetch", 6, (0, 6), 1300),
            parse,
            stage("Save", 2, (0, 1), 1150),
        ],
        workers: (0..workers).map(worker).collect(),
        by_type: vec![("ParseError".to_owned(), 2), ("String".to_owned(), 1)],
        by_stage: vec![("Parse".to_owned(), 3)],
        last_failures: (1..4).map(failure).collect(),
        ..Model::default()
    }
}

/// What is seen of it.
fn seen(level: Level, model: &Model, width: u16) -> String {
    let buffer = in_place(level, model, (width, 50), LOOK);
    let mut terminal = Terminal::new(TestBackend::new(width, buffer.area.height)).unwrap();
    let copy = |frame: &mut ratatui::Frame<'_>| frame.buffer_mut().merge(&buffer);
    terminal.draw(copy).unwrap();
    terminal.backend().to_string()
}

#[test]
fn progress_in_three_widths() {
    insta::assert_snapshot!(
        [40, 80, 160]
            .map(|width| seen(LEVELS[0], &model(4), width))
            .concat()
    );
}

#[test]
fn progress_of_who_knows_how_many() {
    let mut model = model(4);
    (model.total, model.fraction, model.eta) = (None, None, None);
    insta::assert_snapshot!(
        [40, 80]
            .map(|width| seen(LEVELS[0], &model, width))
            .concat()
    );
}

#[test]
fn compact_in_three_widths() {
    insta::assert_snapshot!(
        [40, 80, 160]
            .map(|width| seen(LEVELS[1], &model(4), width))
            .concat()
    );
}

#[test]
fn detailed_at_40_columns() {
    insta::assert_snapshot!(seen(LEVELS[2], &model(4), 40));
}

#[test]
fn detailed_at_80_columns() {
    insta::assert_snapshot!(seen(LEVELS[2], &model(4), 80));
}

#[test]
fn detailed_at_160_columns() {
    insta::assert_snapshot!(seen(LEVELS[2], &model(40), 160));
}

#[test]
fn no_size_is_too_small_or_too_large() {
    let models = [model(0), model(4), model(1000), Model::default()];
    let sizes = [0, 1, 2, 3, 5, 9, 17, 33, 65, 131, 300, u16::MAX];
    for (level, model) in LEVELS
        .iter()
        .flat_map(|level| models.iter().map(move |model| (level, model)))
    {
        for (width, height) in sizes
            .iter()
            .flat_map(|width| sizes.map(|height| (*width, height)))
        {
            let drawn = in_place(*level, model, (width, height), LOOK);
            assert!(drawn.area.width <= width && drawn.area.height <= height.max(1));
            to_text(&drawn);
        }
    }
}

#[test]
fn a_terminal_too_low_for_the_panel_has_the_line() {
    let drawn = in_place(LEVELS[1], &model(4), (80, 5), LOOK);
    assert!(to_text(&drawn).contains("62%"), "{}", to_text(&drawn));
}

#[test]
fn styles_become_escape_sequences_where_there_are_colors() {
    let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 9, 2));
    ratatui::text::Line::from(vec!["a".red().bold(), "日本".into(), "b".green()])
        .render(buffer.area, &mut buffer);
    buffer.set_string(0, 1, "c  ", Style::new());
    assert_eq!(
        to_text(&buffer),
        "\x1b[1;31ma\x1b[0m日本\x1b[32mb\x1b[0m\nc"
    );
    for level in LEVELS {
        let drawn = in_place(level, &model(4), (80, 50), Look { colors: false });
        assert!(!to_text(&drawn).contains("\x1b[3"), "{level:?}");
    }
}

#[test]
fn workers_can_be_sorted() {
    let mut workers = model(6).workers;
    let first = |workers: &[WorkerRow], sort| sorted(workers, sort)[0];
    assert_eq!(first(&workers, Sort::Name), 0);
    assert_eq!(first(&workers, Sort::Done), 5);
    assert_eq!(first(&workers, Sort::Failed), 3);
    assert_eq!(first(&workers, Sort::Use), 3);
    // Who is idle for long is not who works for long.
    assert_eq!(first(&workers, Sort::Longest), 4);
    workers[5].is_busy = true;
    assert_eq!(first(&workers, Sort::Longest), 5);
    let all: Vec<_> = (0..5).map(|steps| Sort::default().step(steps)).collect();
    assert_eq!(
        (all[4], all[1]),
        (Sort::default().step(-1), Sort::default().step(6))
    );
}
