//! How the values of a panel are written and drawn.

use serde::Serialize;

use crate::labels::{attempt, batch, node, outcome};

/// Units, by the names that Grafana has for them.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) enum Unit {
    /// A number of things.
    #[serde(rename = "short")]
    Count,
    /// Things in a second.
    #[serde(rename = "cps")]
    PerSecond,
    /// A part of one, as a percentage.
    #[serde(rename = "percentunit")]
    Ratio,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Bytes.
    #[serde(rename = "bytes")]
    Bytes,
    /// Zero and one, as off and on.
    #[serde(rename = "bool_on_off")]
    OnOff,
}

/// Settings of all values, and of some by their names.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FieldConfig {
    pub(super) defaults: Defaults,
    pub(super) overrides: Vec<Override>,
}

/// Settings of all values of a panel.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Defaults {
    pub(super) unit: Unit,
    /// The lower end of the axis.
    pub(super) min: u8,
    pub(super) color: Color,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) custom: Option<Drawing>,
    pub(super) thresholds: Thresholds,
}

/// Where colours come from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Color {
    pub(super) mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fixed_color: Option<&'static str>,
}

impl Color {
    /// A colour of its own for each line.
    pub(super) const PALETTE: Self = Self::by("palette-classic");
    /// The colour of the threshold that the value is above.
    pub(super) const THRESHOLDS: Self = Self::by("thresholds");

    const fn by(mode: &'static str) -> Self {
        Self {
            mode,
            fixed_color: None,
        }
    }

    const fn fixed(color: &'static str) -> Self {
        Self {
            mode: "fixed",
            fixed_color: Some(color),
        }
    }
}

/// How lines are drawn.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Drawing {
    draw_style: &'static str,
    fill_opacity: u8,
    line_width: u8,
    show_points: &'static str,
    pub(super) stacking: Stacking,
    pub(super) thresholds_style: Mode,
}

impl Drawing {
    /// Thin lines without points.
    pub(super) const LINES: Self = Self {
        draw_style: "line",
        fill_opacity: 8,
        line_width: 1,
        show_points: "never",
        stacking: Stacking {
            group: "A",
            mode: "none",
        },
        thresholds_style: Mode { mode: "off" },
    };
}

/// Whether lines stand on each other.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Stacking {
    group: &'static str,
    pub(super) mode: &'static str,
}

/// A setting that is one word.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Mode {
    pub(super) mode: &'static str,
}

/// Values from which on something deserves attention.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Thresholds {
    mode: &'static str,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Serialize)]
struct Step {
    color: &'static str,
    value: Option<f64>,
}

impl Thresholds {
    /// Nothing deserves attention.
    pub(super) fn none() -> Self {
        Self {
            mode: "absolute",
            steps: vec![Step {
                color: "green",
                value: None,
            }],
        }
    }

    /// Values from this one on do.
    pub(super) fn from(value: f64) -> Self {
        let mut thresholds = Self::none();
        thresholds.steps.push(Step {
            color: "red",
            value: Some(value),
        });
        thresholds
    }
}

/// Settings of the values whose names match.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Override {
    matcher: Matcher,
    properties: Vec<Property>,
}

#[derive(Debug, Clone, Serialize)]
struct Matcher {
    id: &'static str,
    options: String,
}

#[derive(Debug, Clone, Serialize)]
struct Property {
    id: &'static str,
    value: Color,
}

impl Override {
    /// The same colour for an outcome wherever it is the last word of a name.
    pub(super) fn outcome_colors() -> Vec<Self> {
        let colors = [
            (outcome::COMPLETED, "green"),
            (outcome::FAILED, "red"),
            (outcome::SKIPPED, "blue"),
            (outcome::CANCELLED, "purple"),
            (attempt::OK, "green"),
            (attempt::ERROR, "red"),
            (attempt::TIMEOUT, "orange"),
            (attempt::PANIC, "dark-red"),
            (batch::COMMITTED, "green"),
            (batch::DUPLICATE, "blue"),
            (node::FINISHED, "green"),
            (node::RELEASED, "blue"),
            (node::LOST, "dark-red"),
        ];
        let of = |(outcome, color)| Self {
            matcher: Matcher {
                id: "byRegexp",
                options: format!("/\\b{outcome}$/"),
            },
            properties: vec![Property {
                id: "color",
                value: Color::fixed(color),
            }],
        };
        colors.map(of).into()
    }
}
