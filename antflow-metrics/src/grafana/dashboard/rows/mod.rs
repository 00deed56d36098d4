//! What the dashboards show, one file for each row, and one for those of coordinators.

mod batches;
mod cluster;
mod coordinators;
mod exporter;
mod leases;
mod nodes;
mod overview;
mod stages;
mod tasks;
mod workers;

use super::panel::Panel;
use crate::grafana::query::{Selector, quantile};

/// The time over which rates are taken: as short as the scrapes and the zoom allow.
const WINDOW: &str = "$__rate_interval";

/// Panels below a title.
#[derive(Debug, Clone)]
pub(in crate::grafana) struct Row {
    pub(in crate::grafana) title: &'static str,
    pub(in crate::grafana) panels: Vec<Panel>,
}

/// The rows of the dashboard of pipelines, from top to bottom.
pub(super) fn pipelines() -> Vec<Row> {
    vec![
        overview::row(),
        stages::row(),
        tasks::row(),
        workers::row(),
        exporter::row(),
    ]
}

/// The rows of the dashboard of clusters, from top to bottom.
pub(super) fn cluster() -> Vec<Row> {
    vec![
        cluster::row(),
        nodes::row(),
        batches::row(),
        leases::row(),
        coordinators::row(),
    ]
}

/// Asks for three quantiles of a histogram; the legends say for which one.
fn quantiles(panel: Panel, name: &str, by: &[&str], legends: [&'static str; 3]) -> Panel {
    let asked = [0.5, 0.95, 0.99].into_iter().zip(legends);
    asked.fold(panel, |panel, (part, legend)| {
        panel.ask(quantile(part, by, Selector::chosen(name), WINDOW), legend)
    })
}
