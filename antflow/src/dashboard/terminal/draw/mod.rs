//! Models as cells of a terminal. Nothing here knows a terminal.

mod bar;
mod compact;
mod detailed;
mod look;
mod progress;
mod table;
#[cfg(test)]
pub(super) mod tests;
mod to_text;

pub(super) use bar::Bar;
pub(super) use look::Look;
pub(super) use progress::{counts, progress};
pub(super) use table::{Sort, sorted, stages, workers};
pub(super) use to_text::to_text;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::model::Model;
use super::{Detail, Level};

/// What is drawn in place, in a terminal of this size: never wider, and never so high that it fills the terminal.
pub(super) fn in_place(level: Level, model: &Model, size: (u16, u16), look: Look) -> Buffer {
    let (width, most) = (size.0, size.1.saturating_sub(1).max(1));
    let height = match level {
        Level::Progress => 1,
        Level::Panel(Detail::Compact) => compact::HEIGHT,
        Level::Panel(Detail::Detailed | Detail::Full) => detailed::height(model),
    };
    // Too many cells for one buffer is more than there are on any screen.
    let area = Rect::new(0, 0, width.min(500), height.min(most).min(120));
    let mut buffer = Buffer::empty(area);
    if area.is_empty() {
        return buffer;
    }
    match level {
        // A panel that is cut off is worse than a line.
        Level::Panel(Detail::Compact) if area.height >= compact::HEIGHT => {
            compact::draw(model, look, area, &mut buffer);
        }
        Level::Panel(Detail::Detailed | Detail::Full) => {
            detailed::draw(model, look, area, &mut buffer);
        }
        Level::Panel(Detail::Compact) | Level::Progress => {
            let line = progress(model, look, area.width);
            buffer.set_line(0, 0, &line, area.width);
        }
    }
    buffer
}
