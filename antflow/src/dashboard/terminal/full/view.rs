use std::collections::VecDeque;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::super::draw::{Look, Sort};
use super::super::model::Model;
use super::keys::Step;
use super::panes::{self, Frame};

/// So many rates are remembered: as many as a wide screen has columns.
const REMEMBERED: usize = 500;

/// A part of the screen that can be moved about in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    Stages,
    Workers,
    Errors,
}

impl Pane {
    const ALL: [Self; 3] = [Self::Stages, Self::Workers, Self::Errors];
}

/// What is seen of a run, and where in it.
#[derive(Debug)]
pub(super) struct View {
    look: Look,
    can_pause: bool,
    pane: Pane,
    /// The first row that is seen of each pane, and how many rows there are and can be seen.
    places: [Place; 3],
    sort: Sort,
    is_helping: bool,
    rates: VecDeque<u64>,
}

/// Where in a pane somebody is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) room: usize,
}

impl Place {
    fn go(&mut self, rows: isize) {
        self.first = self.first.saturating_add_signed(rows);
        self.keep();
    }

    /// The last rows stay at the bottom.
    fn keep(&mut self) {
        self.first = self.first.min(self.rows.saturating_sub(self.room.max(1)));
    }
}

impl View {
    pub(super) fn new(look: Look, can_pause: bool) -> Self {
        Self {
            look,
            can_pause,
            pane: Pane::Workers,
            places: [Place::default(); 3],
            sort: Sort::default(),
            is_helping: false,
            rates: VecDeque::new(),
        }
    }

    pub(super) fn look(&self) -> Look {
        self.look
    }

    /// Remembers the rate of a moment.
    pub(super) fn note(&mut self, model: &Model) {
        if self.rates.len() == REMEMBERED {
            self.rates.pop_front();
        }
        // A sparkline has whole numbers, and some runs have less than one item a second.
        self.rates
            .push_back((model.rate_now * 100.0).round() as u64);
    }

    pub(super) fn go(&mut self, step: Step) {
        let place = &mut self.places[self.pane as usize];
        match step {
            Step::Help => self.is_helping = !self.is_helping,
            Step::Sort(steps) => self.sort = self.sort.step(steps),
            Step::Pane(steps) => {
                let next = (self.pane as isize + steps).rem_euclid(Pane::ALL.len() as isize);
                self.pane = Pane::ALL[next as usize];
            }
            Step::Rows(rows) => place.go(rows),
            Step::Pages(pages) => place.go(pages * place.room.max(1) as isize),
            Step::First => place.first = 0,
            Step::Last => place.go(place.rows as isize),
        }
    }

    pub(super) fn draw(&mut self, model: &Model, area: Rect, buffer: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let is_high = area.height >= 16;
        let [overview, sparkline, panes, foot] = area.layout(&Layout::vertical([
            Constraint::Length(3.min(area.height)),
            Constraint::Length(if area.height >= 22 { 4 } else { 0 }),
            Constraint::Fill(1),
            Constraint::Length(u16::from(area.height > 6)),
        ]));
        panes::overview(model, self.look, overview, buffer);
        panes::sparkline(&self.rates, self.look, sparkline, buffer);
        if is_high {
            self.draw_panes(model, panes, buffer);
        } else {
            // Where there is room for one, it is the one that the keys move.
            self.draw_pane(self.pane, model, panes, buffer);
        }
        panes::foot(self.can_pause, self.look, foot, buffer);
        if self.is_helping {
            panes::help(self.can_pause, self.look, area, buffer);
        }
    }

    fn draw_panes(&mut self, model: &Model, area: Rect, buffer: &mut Buffer) {
        let stages = u16::try_from(model.stages.len() + 3).unwrap_or(u16::MAX);
        let stages = stages.min((area.height / 2).max(4));
        let [upper, lower] = area.layout(&Layout::vertical([
            Constraint::Length(stages),
            Constraint::Fill(1),
        ]));
        let has_errors = model.failed > 0 || self.pane == Pane::Errors;
        let errors = if has_errors { 2 } else { 0 };
        let layout = if area.width >= 120 {
            Layout::horizontal([Constraint::Fill(3), Constraint::Fill(errors)])
        } else {
            Layout::vertical([Constraint::Fill(3), Constraint::Fill(errors)])
        };
        let [workers, errors] = lower.layout(&layout);
        self.draw_pane(Pane::Stages, model, upper, buffer);
        self.draw_pane(Pane::Workers, model, workers, buffer);
        if has_errors {
            self.draw_pane(Pane::Errors, model, errors, buffer);
        }
    }

    fn draw_pane(&mut self, pane: Pane, model: &Model, area: Rect, buffer: &mut Buffer) {
        let frame = Frame {
            look: self.look,
            has_keys: pane == self.pane,
        };
        let place = &mut self.places[pane as usize];
        // The frame and the head of a table are no rows.
        let heads = if pane == Pane::Errors { 2 } else { 3 };
        place.room = usize::from(area.height.saturating_sub(heads));
        place.rows = match pane {
            Pane::Stages => model.stages.len(),
            Pane::Workers => model.workers.len(),
            Pane::Errors => panes::error_lines(model, self.look).len(),
        };
        place.keep();
        let place = *place;
        match pane {
            Pane::Stages => panes::stages(model, frame, place, area, buffer),
            Pane::Workers => panes::workers(model, frame, (place, self.sort), area, buffer),
            Pane::Errors => panes::errors(model, frame, place, area, buffer),
        }
    }
}
