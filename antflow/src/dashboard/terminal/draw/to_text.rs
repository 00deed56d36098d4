use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// The rows of a buffer, with escape sequences for their styles, and without the blanks at their ends.
pub(in super::super) fn to_text(buffer: &Buffer) -> String {
    let mut text = String::new();
    let width = usize::from(buffer.area.width).max(1);
    for (place, row) in buffer.content.chunks(width).enumerate() {
        if place > 0 {
            text.push('\n');
        }
        let end = row.iter().rposition(|cell| cell.symbol() != " ");
        write_row(&mut text, &row[..end.map_or(0, |end| end + 1)]);
    }
    text
}

fn write_row(text: &mut String, row: &[Cell]) {
    let plain = (Color::Reset, Modifier::empty());
    let mut now = plain;
    let mut skip = 0;
    for cell in row {
        // What is wider than a cell covers those behind it.
        if skip > 0 {
            skip -= 1;
            continue;
        }
        skip = ratatui::text::Span::raw(cell.symbol())
            .width()
            .saturating_sub(1);
        let style = (cell.fg, cell.modifier);
        if style != now {
            if now != plain {
                text.push_str("\x1b[0m");
            }
            if style != plain {
                let _ = write!(text, "\x1b[{}m", codes(style));
            }
            now = style;
        }
        text.push_str(cell.symbol());
    }
    if now != plain {
        text.push_str("\x1b[0m");
    }
}

/// Only what [`Look`](super::Look) uses.
fn codes((color, modifier): (Color, Modifier)) -> String {
    let modifiers = [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::REVERSED, "7"),
    ];
    let modifiers = modifiers
        .into_iter()
        .filter(|(one, _)| modifier.contains(*one));
    let mut codes: Vec<_> = modifiers.map(|(_, code)| code).collect();
    codes.extend(match color {
        Color::Red => Some("31"),
        Color::Green => Some("32"),
        Color::Yellow => Some("33"),
        Color::Cyan => Some("36"),
        _ => None,
    });
    codes.join(";")
}
