use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::model::Model;
use super::super::text::{clock, count, percent, rate};
use super::{Bar, Look};

/// A bar is this wide at least, and at most.
const BAR: (u16, u16) = (8, 40);

/// A part of a line. Where there is no room, those go first whose number is high.
struct Part {
    rank: u8,
    span: Span<'static>,
}

fn part(rank: u8, text: String, style: Style) -> Part {
    let span = Span::styled(text, style);
    Part { rank, span }
}

/// How far a run has come, in one line of at most this width.
pub(in super::super) fn progress(model: &Model, look: Look, width: u16) -> Line<'static> {
    let plain = Style::new();
    let mut parts = Vec::new();
    if let Some(fraction) = model.fraction {
        parts.push(part(0, percent(fraction), plain));
    }
    parts.push(match model.total {
        Some(total) => part(
            1,
            format!("{}/{}", count(model.done()), count(total)),
            plain,
        ),
        None => part(0, format!("{} done", count(model.done())), plain),
    });
    if model.total.is_none() && !model.has_ended {
        parts.push(part(
            5,
            format!("{} in flight", count(model.in_flight)),
            plain,
        ));
    }
    parts.push(part(3, rate(model.rate), plain));
    match model.eta {
        Some(eta) => parts.push(part(4, format!("ETA {}", clock(eta)), plain)),
        None => parts.push(part(6, clock(model.elapsed), look.quiet())),
    }
    if model.failed > 0 {
        parts.push(part(
            2,
            format!("{} failed", count(model.failed)),
            look.bad(),
        ));
    }
    if model.cancelled > 0 {
        parts.push(part(
            7,
            format!("{} cancelled", count(model.cancelled)),
            plain,
        ));
    }
    if model.is_paused() {
        parts.push(part(2, "paused".to_owned(), look.warning()));
    }
    let mut spans = fit(parts, width);
    let taken = Line::from(spans.clone()).width();
    let left = width.saturating_sub(u16::try_from(taken).unwrap_or(u16::MAX));
    let bar = left.saturating_sub(1).min(BAR.1);
    if let Some(fraction) = model.fraction
        && bar >= BAR.0
    {
        let style = look.bar();
        let bar = Bar { fraction, style }.text(bar);
        spans.insert(0, Span::raw(" "));
        spans.insert(0, Span::styled(bar, style));
    }
    Line::from(spans)
}

/// The parts that fit, two spaces between them.
fn fit(mut parts: Vec<Part>, width: u16) -> Vec<Span<'static>> {
    let wide = |parts: &[Part]| {
        let texts: usize = parts.iter().map(|part| part.span.width() + 2).sum();
        texts.saturating_sub(2)
    };
    while parts.len() > 1 && wide(&parts) > usize::from(width) {
        let last = parts.iter().enumerate().max_by_key(|(_, part)| part.rank);
        let place = last.map_or(0, |(place, _)| place);
        parts.remove(place);
    }
    let mut spans = Vec::with_capacity(parts.len() * 2);
    for part in parts {
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.push(part.span);
    }
    spans
}

/// What became of the items.
pub(in super::super) fn counts(model: &Model, look: Look, width: u16) -> Line<'static> {
    let plain = Style::new();
    let failed = if model.failed > 0 { look.bad() } else { plain };
    let mut parts = vec![
        part(0, format!("ok {}", count(model.processed)), plain),
        part(0, format!("failed {}", count(model.failed)), failed),
        part(2, format!("in flight {}", count(model.in_flight)), plain),
    ];
    if let Some(total) = model.total {
        let left = total.saturating_sub(model.done());
        parts.push(part(1, format!("remaining {}", count(left)), plain));
    }
    if model.cancelled > 0 {
        parts.push(part(
            3,
            format!("cancelled {}", count(model.cancelled)),
            plain,
        ));
    }
    Line::from(fit(parts, width))
}
