//! The report for people: aligned columns of plain text.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};

use super::CrateSummary;

/// A heading and one line for each crate.
#[derive(Debug)]
pub(super) struct CrateTable<'a> {
    pub(super) heading: &'a str,
    pub(super) crates: &'a [CrateSummary],
}

impl fmt::Display for CrateTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.heading)?;
        if self.crates.is_empty() {
            return writeln!(f, "  none");
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header([
            "crate",
            "files",
            "lines",
            "functions",
            "unsafe",
            "documented",
            "longest function",
        ]);
        for column in table.column_iter_mut().skip(1).take(5) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for it in self.crates {
            table.add_row([
                it.name.clone(),
                it.files.to_string(),
                it.lines.to_string(),
                it.functions.to_string(),
                it.unsafe_uses.to_string(),
                documented(it),
                longest(it),
            ]);
        }
        for line in table.lines() {
            writeln!(f, " {}", line.trim_end())?;
        }
        Ok(())
    }
}

fn documented(summary: &CrateSummary) -> String {
    summary.documented_share().map_or_else(
        || "-".to_owned(),
        |share| {
            format!(
                "{} of {} ({:.0} %)",
                summary.documented,
                summary.public_items,
                share * 100.0
            )
        },
    )
}

fn longest(summary: &CrateSummary) -> String {
    summary.longest_function.as_ref().map_or_else(
        || "-".to_owned(),
        |it| format!("{} ({} lines)", it.name, it.lines),
    )
}
