//! The dashboards: their frame, and where their panels go.

mod field;
mod panel;
mod rows;
mod target;
mod variable;

use serde::Serialize;

pub(super) use self::rows::Row;
pub(super) use self::variable::Variable;

use self::panel::{COLUMNS, GridPos, Panel};
use super::expressions::Subject;

/// A dashboard, as Grafana imports it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dashboard {
    uid: &'static str,
    title: &'static str,
    description: &'static str,
    tags: [&'static str; 1],
    editable: bool,
    /// One cross hair in all panels.
    graph_tooltip: u8,
    refresh: &'static str,
    schema_version: u8,
    time: TimeRange,
    timezone: &'static str,
    templating: Templating,
    panels: Vec<Element>,
}

#[derive(Debug, Clone, Serialize)]
struct TimeRange {
    from: &'static str,
    to: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct Templating {
    list: Vec<Variable>,
}

/// What has a place on the dashboard.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Element {
    /// The title above panels.
    Title(Title),
    /// A panel.
    Panel(Box<Panel>),
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Title {
    id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    collapsed: bool,
    grid_pos: GridPos,
    panels: [u8; 0],
}

impl Dashboard {
    /// The dashboard of these metrics.
    pub(super) fn of(subject: Subject) -> Self {
        let (uid, title, description) = match subject {
            Subject::Pipelines => (
                "antflow",
                "antflow",
                "Pipelines of antflow: items, stages, tasks, and the observation itself.",
            ),
            Subject::Cluster => (
                "antflow-cluster",
                "antflow: cluster",
                "Workers and coordinators of antflow: runs, nodes, batches, leases, the store and the bus.",
            ),
        };
        Self {
            uid,
            title,
            description,
            tags: ["antflow"],
            editable: false,
            graph_tooltip: 1,
            refresh: "30s",
            schema_version: 39,
            time: TimeRange {
                from: "now-1h",
                to: "now",
            },
            timezone: "browser",
            templating: Templating {
                list: Self::variables(subject),
            },
            panels: laid_out(Self::rows(subject)),
        }
    }

    /// Its rows, without a place for their panels.
    pub(super) fn rows(subject: Subject) -> Vec<Row> {
        match subject {
            Subject::Pipelines => rows::pipelines(),
            Subject::Cluster => rows::cluster(),
        }
    }

    /// Its variables.
    pub(super) fn variables(subject: Subject) -> Vec<Variable> {
        match subject {
            Subject::Pipelines => variable::pipelines(),
            Subject::Cluster => variable::cluster(),
        }
    }
}

/// Puts panels side by side, and those that have no room there below.
fn laid_out(rows: Vec<Row>) -> Vec<Element> {
    let mut elements = Vec::new();
    let (mut ids, mut y) = (1.., 0);
    let mut next_id = || ids.next().expect("a dashboard has fewer than 2^32 panels");
    for row in rows {
        let grid_pos = GridPos {
            h: 1,
            w: COLUMNS,
            x: 0,
            y,
        };
        elements.push(Element::Title(Title {
            id: next_id(),
            kind: "row",
            title: row.title,
            collapsed: false,
            grid_pos,
            panels: [],
        }));
        y += 1;
        let (mut x, mut height) = (0, 0);
        for mut panel in row.panels {
            if x + panel.grid_pos.w > COLUMNS {
                (x, y, height) = (0, y + height, 0);
            }
            panel.id = next_id();
            (panel.grid_pos.x, panel.grid_pos.y) = (x, y);
            x += panel.grid_pos.w;
            height = height.max(panel.grid_pos.h);
            elements.push(Element::Panel(Box::new(panel)));
        }
        y += height;
    }
    elements
}
