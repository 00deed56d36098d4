//! What is printed: lines and tables for people, JSON for programs.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::failure::Failure;

/// The standard output.
#[derive(Debug)]
pub(crate) struct Output {
    /// Is JSON asked for?
    pub(crate) json: bool,
    to: BufWriter<Stdout>,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            to: BufWriter::new(io::stdout()),
        }
    }

    /// Prints a line for people.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        Ok(writeln!(self.to, "{text}")?)
    }

    /// Prints JSON on a line.
    pub(crate) fn document(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.to, value).map_err(io::Error::from)?;
        Ok(writeln!(self.to)?)
    }

    /// Prints a table with a heading. The columns at these places are numbers.
    pub(crate) fn table<const N: usize>(
        &mut self,
        header: [&str; N],
        numbers: &[usize],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> Result<(), Failure> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(header);
        for row in rows {
            table.add_row(row);
        }
        for (place, column) in table.column_iter_mut().enumerate() {
            let left = if place == 0 { 0 } else { 1 };
            column.set_padding((left, 1));
            if numbers.contains(&place) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for line in table.lines() {
            writeln!(self.to, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// Makes room for what is shown next in place of what is there, if this is a terminal; separates them otherwise.
    pub(crate) fn again(&mut self, is_first: bool) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        if io::stdout().is_terminal() {
            write!(self.to, "\x1b[H\x1b[2J")?;
        } else if !is_first {
            writeln!(self.to)?;
        }
        Ok(())
    }

    /// Hands on what was printed.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.to.flush()?)
    }
}

/// Says something beside the output. If nobody can hear it, nobody does.
pub(crate) fn note(text: impl Display) {
    drop(writeln!(io::stderr(), "{text}"));
}
