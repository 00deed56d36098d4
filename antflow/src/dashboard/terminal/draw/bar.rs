use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

/// A bar that fills from the left.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Bar {
    pub(in super::super) fraction: f64,
    pub(in super::super) style: Style,
}

impl Bar {
    pub(in super::super) fn text(self, width: u16) -> String {
        let width = usize::from(width);
        let full = (self.fraction.clamp(0.0, 1.0) * width as f64).floor() as usize;
        let full = full.min(width);
        "█".repeat(full) + &"░".repeat(width - full)
    }
}

impl Widget for Bar {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if !area.is_empty() {
            buffer.set_string(area.x, area.y, self.text(area.width), self.style);
        }
    }
}
