use std::fmt;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::draw::Look;
use super::super::model::Model;
use super::keys::Step;
use super::view::View;
use crate::stats::DashboardSnapshot;

/// The full view without a terminal, to measure how long a frame takes. No part of the API.
pub struct Offscreen {
    view: View,
    model: Option<Model>,
    shown: Buffer,
}

impl Offscreen {
    /// One of so many columns and rows.
    #[must_use]
    pub fn new(columns: u16, rows: u16) -> Self {
        let mut view = View::new(Look { colors: true }, true);
        view.go(Step::Sort(1));
        Self {
            view,
            model: None,
            shown: Buffer::empty(Rect::new(0, 0, columns, rows)),
        }
    }

    /// Draws a frame, with the workers that have been busy for longest first. Returns how many cells are written.
    pub fn draw(&mut self, snapshot: &DashboardSnapshot) -> usize {
        let model = Model::of(snapshot, self.model.as_ref(), true);
        self.view.note(&model);
        let mut next = Buffer::empty(self.shown.area);
        self.view.draw(&model, next.area, &mut next);
        let written = self.shown.diff(&next).len();
        (self.shown, self.model) = (next, Some(model));
        written
    }
}

impl fmt::Debug for Offscreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offscreen").finish_non_exhaustive()
    }
}
