use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use super::super::model::Model;
use super::super::text::{clock, rate};
use super::{Look, counts, progress};

/// Four lines and their frame.
pub(super) const HEIGHT: u16 = 6;

/// One panel: how far it has come, how fast, what became of the items, and which stages are busy.
pub(super) fn draw(model: &Model, look: Look, area: Rect, buffer: &mut Buffer) {
    let title = if model.has_ended {
        " antflow: ended "
    } else {
        " antflow "
    };
    let block = Block::bordered().title(Span::styled(title, look.head()));
    let inner = block.inner(area);
    block.render(area, buffer);
    let eta = match model.eta {
        Some(eta) => format!("  ETA {}", clock(eta)),
        None => String::new(),
    };
    let pace = format!(
        "rate {}{eta}  elapsed {}",
        rate(model.rate),
        clock(model.elapsed)
    );
    let lines = [
        progress(model, look, inner.width),
        Line::from(pace),
        counts(model, look, inner.width),
        busy(model, look),
    ];
    for (line, row) in lines.iter().zip(inner.rows()) {
        line.render(row, buffer);
    }
}

/// The stages and how many of their workers are busy. The one that holds the others up comes first.
fn busy(model: &Model, look: Look) -> Line<'static> {
    let mut spans = Vec::new();
    let (first, others): (Vec<_>, Vec<_>) =
        model.stages.iter().partition(|stage| stage.is_bottleneck);
    for stage in first.into_iter().chain(others) {
        let style = if stage.is_bottleneck {
            look.warning()
        } else {
            ratatui::style::Style::new()
        };
        let text = format!(
            "{} ({}/{} busy)",
            stage.name, stage.in_progress, stage.workers
        );
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.push(Span::styled(text, style));
    }
    Line::from(spans)
}
