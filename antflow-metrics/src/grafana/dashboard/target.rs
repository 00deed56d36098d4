//! Where data comes from, and what is asked.

use serde::Serialize;

/// A reference to the data source that the dashboard's variable names.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Datasource {
    #[serde(rename = "type")]
    kind: &'static str,
    uid: &'static str,
}

impl Datasource {
    /// The one that is chosen at the top of the dashboard.
    pub(super) const CHOSEN: Self = Self {
        kind: "prometheus",
        uid: "${datasource}",
    };
}

/// A query of a panel.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::grafana) struct Target {
    datasource: Datasource,
    editor_mode: &'static str,
    pub(in crate::grafana) expr: String,
    /// Whether the newest value is enough.
    instant: bool,
    legend_format: &'static str,
    range: bool,
    ref_id: String,
}

impl Target {
    /// The query at this place of its panel.
    pub(super) fn new(place: usize, expr: String, legend: &'static str, instant: bool) -> Self {
        let letter = ('A'..='Z').nth(place).unwrap_or('Z');
        Self {
            datasource: Datasource::CHOSEN,
            editor_mode: "code",
            expr,
            instant,
            legend_format: legend,
            range: !instant,
            ref_id: letter.to_string(),
        }
    }
}
