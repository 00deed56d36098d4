//! The variables at the top of the dashboard.

use serde::Serialize;

use super::target::Datasource;
use crate::grafana::query::{INSTANCE, JOB, Selector};
use crate::{labels, names};

/// What is chosen at the top of the dashboard.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(in crate::grafana) enum Variable {
    /// The data source.
    Datasource(Source),
    /// Values of a label.
    Query(Query),
}

/// A choice of a data source.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::grafana) struct Source {
    name: &'static str,
    label: &'static str,
    hide: u8,
    include_all: bool,
    multi: bool,
    options: [u8; 0],
    query: &'static str,
    refresh: u8,
    regex: &'static str,
}

/// A choice of values of a label.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::grafana) struct Query {
    pub(in crate::grafana) name: &'static str,
    label: &'static str,
    all_value: &'static str,
    current: Current,
    datasource: Datasource,
    definition: String,
    hide: u8,
    include_all: bool,
    multi: bool,
    options: [u8; 0],
    query: Question,
    refresh: u8,
    regex: &'static str,
    sort: u8,
    /// The series whose label is read.
    #[serde(skip)]
    pub(in crate::grafana) series: String,
}

#[derive(Debug, Clone, Serialize)]
struct Current {
    selected: bool,
    text: &'static str,
    value: &'static str,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    query: String,
    ref_id: &'static str,
}

/// When the dashboard is loaded.
const ON_LOAD: u8 = 1;
/// When the time range changes.
const ON_TIME_RANGE: u8 = 2;
/// By the alphabet.
const ALPHABETICAL: u8 = 1;

/// The variables of the dashboard of pipelines.
pub(super) fn pipelines() -> Vec<Variable> {
    variables(&[
        (JOB, "Job", names::ITEMS_SUBMITTED_TOTAL),
        (INSTANCE, "Instance", names::ITEMS_SUBMITTED_TOTAL),
        (labels::PIPELINE, "Pipeline", names::ITEMS_SUBMITTED_TOTAL),
        (labels::STAGE, "Stage", names::STAGE_WORKERS),
    ])
}

/// The variables of the dashboard of clusters. Processes are those with workers or with coordinators.
pub(super) fn cluster() -> Vec<Variable> {
    variables(&[
        (JOB, "Job", names::BUILD_INFO),
        (INSTANCE, "Instance", names::BUILD_INFO),
        (labels::ROLE, "Role", names::worker::NODES_RUNNING),
    ])
}

/// The data source and these variables; each one has the values that those before it leave.
fn variables(queries: &[(&'static str, &'static str, &'static str)]) -> Vec<Variable> {
    let source = Source {
        name: "datasource",
        label: "Data source",
        hide: 0,
        include_all: false,
        multi: false,
        options: [],
        query: "prometheus",
        refresh: ON_LOAD,
        regex: "",
    };
    let mut all = vec![Variable::Datasource(source)];
    for (place, (name, label, metric)) in queries.iter().enumerate() {
        let before = queries[..place].iter().map(|(name, _, _)| *name);
        let series = Selector::chosen_by(metric, before);
        all.push(Variable::Query(Query::new(name, label, &series)));
    }
    all
}

impl Query {
    fn new(name: &'static str, label: &'static str, series: &Selector) -> Self {
        let series = series.to_string();
        let query = format!("label_values({series}, {name})");
        Self {
            name,
            label,
            all_value: ".+",
            current: Current {
                selected: true,
                text: "All",
                value: "$__all",
            },
            datasource: Datasource::CHOSEN,
            definition: query.clone(),
            hide: 0,
            include_all: true,
            multi: true,
            options: [],
            query: Question {
                query,
                ref_id: "PrometheusVariableQueryEditor-VariableQuery",
            },
            refresh: ON_TIME_RANGE,
            regex: "",
            sort: ALPHABETICAL,
            series,
        }
    }
}
