use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::super::model::Model;
use super::super::text::count;
use super::{Look, Sort, counts, progress, sorted, stages, workers};

/// So many workers are shown without being asked for.
const MOST_WORKERS: usize = 16;

/// The lines that it would like to have.
pub(super) fn height(model: &Model) -> u16 {
    let workers = model.workers.len();
    let rest = u16::from(workers > MOST_WORKERS);
    let rows = 2 + model.stages.len() + 1 + workers.min(MOST_WORKERS) + 1;
    u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(rest)
}

/// How far it has come, the stages, and the workers that have been busy for longest.
pub(super) fn draw(model: &Model, look: Look, area: Rect, buffer: &mut Buffer) {
    let stage_rows = u16::try_from(model.stages.len() + 1).unwrap_or(u16::MAX);
    let layout = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(stage_rows),
        Constraint::Fill(1),
    ]);
    let [first, second, upper, lower] = area.layout(&layout);
    progress(model, look, first.width).render(first, buffer);
    counts(model, look, second.width).render(second, buffer);
    let rows = usize::from(upper.height.saturating_sub(1));
    Widget::render(stages(model, look, upper.width, (0, rows)), upper, buffer);
    draw_workers(model, look, lower, buffer);
}

fn draw_workers(model: &Model, look: Look, area: Rect, buffer: &mut Buffer) {
    // A head without rows says nothing.
    if area.height < 2 {
        return;
    }
    let all = model.workers.len();
    let room = usize::from(area.height - 1);
    let shown = if all > room { room - 1 } else { all };
    // Where all can be seen they keep their places.
    let sort = if shown < all {
        Sort::Longest
    } else {
        Sort::Name
    };
    let places = sorted(&model.workers, sort).into_iter().take(shown);
    Widget::render(workers(model, look, area.width, places), area, buffer);
    if shown < all {
        let last = Rect {
            y: area.bottom() - 1,
            height: 1,
            ..area
        };
        let more = format!("and {} more workers", count((all - shown) as u64));
        Line::styled(more, look.quiet()).render(last, buffer);
    }
}
