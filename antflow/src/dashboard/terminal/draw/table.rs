use std::cmp::Reverse;
use std::time::Duration;

use ratatui::layout::Constraint;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Cell, Row, Table};

use super::super::model::{Model, StageRow, WorkerRow};
use super::super::text::{clean, count, percent, rate, short};
use super::Look;

/// A column of a table. Where there is no room, those go first whose rank is high.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Column {
    title: &'static str,
    width: u16,
    rank: u8,
    /// Numbers stand at the right.
    is_number: bool,
}

const fn text(title: &'static str, width: u16, rank: u8) -> Column {
    Column {
        title,
        width,
        rank,
        is_number: false,
    }
}

const fn number(title: &'static str, width: u16, rank: u8) -> Column {
    Column {
        title,
        width,
        rank,
        is_number: true,
    }
}

/// The columns of stages. The first takes what the others leave.
const STAGES: [Column; 9] = [
    text("stage", 10, 0),
    number("busy", 7, 1),
    number("pending", 8, 3),
    number("in progress", 11, 6),
    number("retrying", 8, 8),
    number("done", 11, 2),
    number("failed", 8, 4),
    number("rate", 9, 5),
    text("", 10, 7),
];

/// The columns of workers.
const WORKERS: [Column; 8] = [
    text("worker", 12, 0),
    text("item", 12, 2),
    text("at", 16, 1),
    number("for", 7, 3),
    number("done", 9, 4),
    number("failed", 7, 6),
    number("average", 8, 7),
    number("use", 5, 5),
];

/// The columns that a width has room for, by their places.
#[derive(Debug)]
pub(in super::super) struct Columns {
    all: &'static [Column],
    shown: Vec<usize>,
}

impl Columns {
    fn fit(all: &'static [Column], width: u16) -> Self {
        let mut shown: Vec<usize> = (0..all.len()).collect();
        let wide = |shown: &[usize]| -> u16 {
            shown.iter().map(|place| all[*place].width + 1).sum::<u16>() - 1
        };
        while shown.len() > 1 && wide(&shown) > width {
            shown.sort_by_key(|place| all[*place].rank);
            shown.pop();
        }
        shown.sort_unstable();
        Self { all, shown }
    }

    fn columns(&self) -> impl Iterator<Item = &'static Column> {
        self.shown.iter().map(|place| &self.all[*place])
    }

    /// A table of these rows, each of which has a text for every column.
    fn table<'a>(&self, rows: impl Iterator<Item = (Vec<String>, Style)>, look: Look) -> Table<'a> {
        let cell = |column: &Column, text: String| {
            let line = Line::from(text);
            Cell::from(if column.is_number {
                line.right_aligned()
            } else {
                line
            })
        };
        let rows = rows.map(|(texts, style)| {
            let mut texts: Vec<_> = texts.into_iter().map(Some).collect();
            let cells = self.shown.iter().map(|place| {
                let text = texts.get_mut(*place).and_then(Option::take);
                cell(&self.all[*place], text.unwrap_or_default())
            });
            Row::new(cells.collect::<Vec<_>>()).style(style)
        });
        let head = self
            .columns()
            .map(|column| cell(column, column.title.to_owned()));
        let head = Row::new(head.collect::<Vec<_>>()).style(look.head());
        // Names and what is said of items take what numbers leave.
        let widths = self.columns().map(|column| {
            if column.is_number || column.title.is_empty() {
                Constraint::Length(column.width)
            } else {
                Constraint::Fill(column.width)
            }
        });
        let widths: Vec<_> = widths.collect();
        Table::new(rows.collect::<Vec<_>>(), widths)
            .header(head)
            .column_spacing(1)
    }
}

/// The stages from `first` on, as many as there are rows for.
pub(in super::super) fn stages<'a>(
    model: &Model,
    look: Look,
    width: u16,
    (first, rows): (usize, usize),
) -> Table<'a> {
    let stages = model.stages.iter().skip(first).take(rows);
    let rows = stages.map(|stage| (stage_texts(stage), stage_style(stage, look)));
    Columns::fit(&STAGES, width).table(rows, look)
}

fn stage_texts(stage: &StageRow) -> Vec<String> {
    let state = match stage {
        StageRow {
            is_paused: true, ..
        } => "paused",
        StageRow {
            is_bottleneck: true,
            ..
        } => "bottleneck",
        _ => "",
    };
    let mark = if stage.is_bottleneck { "> " } else { "" };
    vec![
        format!("{mark}{}", stage.name),
        format!("{}/{}", stage.in_progress, stage.workers),
        count(stage.pending as u64),
        count(stage.in_progress as u64),
        count(stage.retrying as u64),
        count(stage.done),
        count(stage.failed),
        rate(stage.rate),
        state.to_owned(),
    ]
}

fn stage_style(stage: &StageRow, look: Look) -> Style {
    if stage.is_bottleneck || stage.is_paused {
        look.warning()
    } else {
        Style::new()
    }
}

/// The workers at these places of the model.
pub(in super::super) fn workers<'a>(
    model: &Model,
    look: Look,
    width: u16,
    places: impl Iterator<Item = usize>,
) -> Table<'a> {
    let workers = places.filter_map(|place| model.workers.get(place));
    let rows = workers.map(|worker| {
        let style = if worker.is_busy {
            Style::new()
        } else {
            look.quiet()
        };
        (worker_texts(worker), style)
    });
    Columns::fit(&WORKERS, width).table(rows, look)
}

fn worker_texts(worker: &WorkerRow) -> Vec<String> {
    let average = if worker.average == Duration::ZERO {
        String::new()
    } else {
        short(worker.average)
    };
    let item = worker.item.as_ref().map(|item| clean(&item.to_string()));
    let activity = match &worker.activity {
        Some(activity) if worker.is_busy => clean(activity.as_str()),
        _ if worker.is_busy => String::new(),
        _ => "idle".to_owned(),
    };
    vec![
        clean(&worker.worker.to_string()),
        item.unwrap_or_default(),
        activity,
        short(worker.since),
        count(worker.processed),
        count(worker.failed),
        average,
        percent(worker.utilization),
    ]
}

/// In which order workers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in super::super) enum Sort {
    /// In the order of stages and workers.
    #[default]
    Name,
    /// Those first that have been busy with something for longest.
    Longest,
    Done,
    Failed,
    Use,
}

impl Sort {
    const ALL: [Self; 5] = [
        Self::Name,
        Self::Longest,
        Self::Done,
        Self::Failed,
        Self::Use,
    ];

    /// The one that is so many behind this one.
    pub(in super::super) fn step(self, steps: isize) -> Self {
        let place = Self::ALL.iter().position(|sort| *sort == self).unwrap_or(0) as isize;
        let place = (place + steps).rem_euclid(Self::ALL.len() as isize);
        Self::ALL[place as usize]
    }

    pub(in super::super) fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Longest => "longest first",
            Self::Done => "most done first",
            Self::Failed => "most failed first",
            Self::Use => "most used first",
        }
    }
}

/// The places of the workers in this order.
pub(in super::super) fn sorted(workers: &[WorkerRow], sort: Sort) -> Vec<usize> {
    let mut places: Vec<usize> = (0..workers.len()).collect();
    match sort {
        Sort::Name => {}
        Sort::Longest => places.sort_by_key(|place| {
            let worker = &workers[*place];
            Reverse((worker.is_busy, worker.since))
        }),
        Sort::Done => places.sort_by_key(|place| Reverse(workers[*place].processed)),
        Sort::Failed => places.sort_by_key(|place| Reverse(workers[*place].failed)),
        Sort::Use => places.sort_by(|one, other| {
            let use_of = |place: &usize| workers[*place].utilization;
            use_of(other).total_cmp(&use_of(one))
        }),
    }
    places
}
