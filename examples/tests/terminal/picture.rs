//! A picture of the view of everything, as the book has it.
//!
//! With `ANTFLOW_PICTURE=<file>`, it is put there, once the run is well under way.

use std::env;
use std::fs;
use std::path::PathBuf;

use anstyle::{Color, Effects, RgbColor, Style};
use anstyle_svg::Term;

use crate::pty::Screen;

/// A terminal that looks well on white and on black pages.
const TERM: Term = Term::new()
    .fg_color(Color::Rgb(RgbColor(0xd4, 0xd8, 0xde)))
    .bg_color(Color::Rgb(RgbColor(0x16, 0x1b, 0x22)));

#[test]
fn a_picture_is_taken() {
    let wanted = env::var_os("ANTFLOW_PICTURE").map(PathBuf::from);
    let mut screen = Screen::open(&["full", "1200"], (120, 30));
    // A picture is of a run that has gone on for a while.
    let least = if wanted.is_some() { 62 } else { 1 };
    screen.wait("under way", |screen| percent(&screen.text()) >= Some(least));
    let picture = scaled(&TERM.render_svg(screen.styled().trim_end()));
    for part in [
        "<svg ",
        "throughput",
        "stages: 3",
        "Fetch-W0",
        "dimmed",
        "fg-rgb-56D364",
    ] {
        assert!(picture.contains(part), "no {part}:\n{picture}");
    }
    if let Some(file) = wanted {
        fs::write(file, picture).unwrap();
    }
    screen.press("q");
}

/// The picture as one that becomes smaller where a page has less room.
fn scaled(picture: &str) -> String {
    let mut sizes = picture.split("px\"").take(2);
    let mut size = || sizes.next()?.rsplit('"').next();
    let view = format!("viewBox=\"0 0 {} {}\"", size().unwrap(), size().unwrap());
    picture.replacen("<svg ", &format!("<svg {view} "), 1)
}

/// How far the run has come.
fn percent(text: &str) -> Option<u32> {
    let (before, _) = text.split_once('%')?;
    before.rsplit(' ').next()?.parse().ok()
}

impl Screen {
    /// What is on the screen, with escape sequences for its colors.
    fn styled(&self) -> String {
        self.look(|screen| {
            let (rows, columns) = screen.size();
            let mut text = String::new();
            for row in 0..rows.get() {
                let cells = (0..columns.get()).filter_map(|column| screen.cell(row, column));
                let mut now = Style::new();
                for cell in cells {
                    let style = style(cell);
                    if style != now {
                        text += &format!("{now:#}{style}");
                        now = style;
                    }
                    let symbol = cell.contents();
                    text += if symbol.is_empty() { " " } else { symbol };
                }
                text += &format!("{now:#}\n");
            }
            text
        })
    }
}

fn style(cell: &vt100::Cell) -> Style {
    let effects = [(cell.bold(), Effects::BOLD), (cell.dim(), Effects::DIMMED)];
    let effects = effects.iter().filter(|(is_on, _)| *is_on);
    Style::new()
        .fg_color(color(cell.fgcolor()))
        .effects(effects.fold(Effects::new(), |all, (_, effect)| all | *effect))
}

/// The colors that a dashboard has, as red, green and blue.
fn color(color: vt100::Color) -> Option<Color> {
    let (red, green, blue) = match color {
        vt100::Color::Idx(1) => (0xff, 0x7b, 0x72),
        vt100::Color::Idx(2) => (0x56, 0xd3, 0x64),
        vt100::Color::Idx(3) => (0xe3, 0xb3, 0x41),
        vt100::Color::Idx(6) => (0x56, 0xd4, 0xdd),
        _ => return None,
    };
    Some(Color::Rgb(RgbColor(red, green, blue)))
}
