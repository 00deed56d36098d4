//! The parts of the full view.

use std::collections::VecDeque;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Sparkline, Widget};

use super::super::draw::{Look, Sort, counts, progress, sorted};
use super::super::draw::{stages as stage_table, workers as worker_table};
use super::super::model::Model;
use super::super::text::{clock, count, rate, short};
use super::keys::HELP;
use super::view::Place;

/// How a pane is framed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) look: Look,
    /// Whether it is the one that the keys move.
    pub(super) has_keys: bool,
}

impl Frame {
    /// Draws the frame, and gives what is inside.
    fn draw(self, title: &str, area: Rect, buffer: &mut Buffer) -> Rect {
        let style = if self.has_keys {
            self.look.head()
        } else {
            self.look.quiet()
        };
        let mark = if self.has_keys { "*" } else { "" };
        let title = Span::styled(format!(" {mark}{title} "), style);
        let block = Block::bordered().title(title).border_style(style);
        let inner = block.inner(area);
        block.render(area, buffer);
        inner
    }
}

pub(super) fn overview(model: &Model, look: Look, area: Rect, buffer: &mut Buffer) {
    let state = match model {
        Model {
            has_ended: true, ..
        } => "ended",
        model if model.is_paused() => "paused",
        _ => "running",
    };
    let head = Line::from(vec![
        Span::styled("antflow", look.head()),
        Span::raw(format!("  {state}  {}", clock(model.elapsed))),
    ]);
    let lines = [
        head,
        progress(model, look, area.width),
        counts(model, look, area.width),
    ];
    for (line, row) in lines.iter().zip(area.rows()) {
        line.render(row, buffer);
    }
}

pub(super) fn sparkline(rates: &VecDeque<u64>, look: Look, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let room = usize::from(area.width.saturating_sub(2));
    let shown: Vec<u64> = rates
        .iter()
        .skip(rates.len().saturating_sub(room))
        .copied()
        .collect();
    let most = shown.iter().max().copied().unwrap_or(0);
    let title = format!("throughput, at most {}", rate(most as f64 / 100.0));
    let frame = Frame {
        look,
        has_keys: false,
    };
    let inner = frame.draw(&title, area, buffer);
    Sparkline::default()
        .data(shown)
        .style(look.bar())
        .render(inner, buffer);
}

fn title(name: &str, place: Place) -> String {
    if place.rows <= place.room {
        return format!("{name}: {}", count(place.rows as u64));
    }
    let last = (place.first + place.room).min(place.rows);
    let (first, last) = (count(place.first as u64 + 1), count(last as u64));
    format!("{name}: {first} to {last} of {}", count(place.rows as u64))
}

pub(super) fn stages(model: &Model, frame: Frame, place: Place, area: Rect, buffer: &mut Buffer) {
    let inner = frame.draw(&title("stages", place), area, buffer);
    let rows = (place.first, place.room);
    Widget::render(
        stage_table(model, frame.look, inner.width, rows),
        inner,
        buffer,
    );
}

pub(super) fn workers(
    model: &Model,
    frame: Frame,
    (place, sort): (Place, Sort),
    area: Rect,
    buffer: &mut Buffer,
) {
    let title = format!("{}, by {}", title("workers", place), sort.as_str());
    let inner = frame.draw(&title, area, buffer);
    let places = sorted(&model.workers, sort).into_iter();
    let places = places.skip(place.first).take(place.room);
    Widget::render(
        worker_table(model, frame.look, inner.width, places),
        inner,
        buffer,
    );
}

/// Errors by type, by stage, and the last ones.
pub(super) fn error_lines(model: &Model, look: Look) -> Vec<Line<'static>> {
    if model.failed == 0 {
        return vec![Line::from("none")];
    }
    let mut lines = Vec::new();
    for (title, counts) in [("by type", &model.by_type), ("by stage", &model.by_stage)] {
        lines.push(Line::styled(title, look.head()));
        for (name, items) in counts {
            lines.push(Line::from(format!("{:>9}  {name}", count(*items))));
        }
    }
    lines.push(Line::styled("the last", look.head()));
    for failure in &model.last_failures {
        lines.push(Line::from(vec![
            Span::styled(failure.item.clone(), look.bad()),
            Span::raw(format!(" {} ago: {}", short(failure.ago), failure.error)),
        ]));
    }
    lines
}

pub(super) fn errors(model: &Model, frame: Frame, place: Place, area: Rect, buffer: &mut Buffer) {
    let title = format!("errors: {} items failed", count(model.failed));
    let inner = frame.draw(&title, area, buffer);
    let lines = error_lines(model, frame.look).into_iter();
    let lines: Vec<_> = lines.skip(place.first).take(place.room).collect();
    Paragraph::new(lines).render(inner, buffer);
}

pub(super) fn foot(can_pause: bool, look: Look, area: Rect, buffer: &mut Buffer) {
    let pause = if can_pause { "  p pause" } else { "" };
    let text = format!("q leave{pause}  tab pane  arrows move and sort  ? help");
    Line::styled(text, look.quiet()).render(area, buffer);
}

pub(super) fn help(can_pause: bool, look: Look, area: Rect, buffer: &mut Buffer) {
    let keys = HELP.iter().filter(|(key, _)| can_pause || *key != "p");
    let lines: Vec<_> = keys
        .map(|(key, what)| Line::from(format!("{key:<12}{what}")))
        .collect();
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let (width, height) = (58.min(area.width), height.min(area.height));
    let window = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    Clear.render(window, buffer);
    let frame = Frame {
        look,
        has_keys: true,
    };
    let inner = frame.draw("keys", window, buffer);
    Paragraph::new(lines).render(inner, buffer);
}
