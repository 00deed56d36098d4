//! Panels, and how to declare them.

use serde::Serialize;

use super::field::{Color, Defaults, Drawing, FieldConfig, Override, Thresholds, Unit};
use super::target::{Datasource, Target};

/// The columns of a dashboard.
pub(super) const COLUMNS: u32 = 24;

/// Where a panel is, and how large.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct GridPos {
    pub(super) h: u32,
    pub(super) w: u32,
    pub(super) x: u32,
    pub(super) y: u32,
}

/// A panel with data.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::grafana) struct Panel {
    pub(super) id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    pub(in crate::grafana) title: &'static str,
    description: &'static str,
    datasource: Datasource,
    field_config: FieldConfig,
    pub(super) grid_pos: GridPos,
    options: Options,
    pub(in crate::grafana) targets: Vec<Target>,
}

impl Panel {
    /// Lines over time.
    pub(super) fn lines(title: &'static str, unit: Unit) -> Self {
        Self::new("timeseries", title, unit, Options::lines(), (8, 8))
    }

    /// The newest value, in large digits.
    pub(super) fn number(title: &'static str, unit: Unit) -> Self {
        Self::new("stat", title, unit, Options::number("value"), (6, 4))
    }

    /// The names of the newest series, in large letters.
    pub(super) fn words(title: &'static str, unit: Unit) -> Self {
        Self::new("stat", title, unit, Options::number("name"), (8, 8))
    }

    fn new(
        kind: &'static str,
        title: &'static str,
        unit: Unit,
        options: Options,
        (w, h): (u32, u32),
    ) -> Self {
        let is_drawn = matches!(options, Options::Lines { .. });
        let defaults = Defaults {
            unit,
            min: 0,
            color: if is_drawn {
                Color::PALETTE
            } else {
                Color::THRESHOLDS
            },
            custom: is_drawn.then_some(Drawing::LINES),
            thresholds: Thresholds::none(),
        };
        Self {
            id: 0,
            kind,
            title,
            description: "",
            datasource: Datasource::CHOSEN,
            field_config: FieldConfig {
                defaults,
                overrides: Vec::new(),
            },
            grid_pos: GridPos { h, w, x: 0, y: 0 },
            options,
            targets: Vec::new(),
        }
    }

    /// Says what it shows, and what to conclude from it.
    pub(super) fn describe(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Asks this, and calls each answer so.
    pub(super) fn ask(mut self, expr: String, legend: &'static str) -> Self {
        let instant = matches!(self.options, Options::Number { .. });
        let target = Target::new(self.targets.len(), expr, legend, instant);
        self.targets.push(target);
        self
    }

    /// From this value on it deserves attention.
    pub(super) fn attention_from(mut self, value: f64) -> Self {
        let defaults = &mut self.field_config.defaults;
        defaults.thresholds = Thresholds::from(value);
        if let Some(drawing) = &mut defaults.custom {
            drawing.thresholds_style.mode = "dashed";
        }
        self
    }

    /// Lines stand on each other, in the colours of the outcomes that they are named after.
    pub(super) fn outcomes(mut self) -> Self {
        self.field_config.overrides = Override::outcome_colors();
        if let Some(drawing) = &mut self.field_config.defaults.custom {
            drawing.stacking.mode = "normal";
        }
        self
    }
}

/// What only one kind of panels has.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Options {
    /// Of lines over time.
    Lines { legend: Legend, tooltip: Tooltip },
    /// Of numbers and words.
    #[serde(rename_all = "camelCase")]
    Number {
        color_mode: &'static str,
        graph_mode: &'static str,
        reduce_options: Reduce,
        text_mode: &'static str,
    },
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Legend {
    calcs: [&'static str; 0],
    display_mode: &'static str,
    placement: &'static str,
    show_legend: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Tooltip {
    mode: &'static str,
    sort: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct Reduce {
    calcs: [&'static str; 1],
    fields: &'static str,
    values: bool,
}

impl Options {
    fn lines() -> Self {
        Self::Lines {
            legend: Legend {
                calcs: [],
                display_mode: "list",
                placement: "bottom",
                show_legend: true,
            },
            tooltip: Tooltip {
                mode: "multi",
                sort: "desc",
            },
        }
    }

    fn number(text_mode: &'static str) -> Self {
        Self::Number {
            color_mode: "value",
            graph_mode: "none",
            reduce_options: Reduce {
                calcs: ["lastNotNull"],
                fields: "",
                values: false,
            },
            text_mode,
        }
    }
}
