//! All that is asked of Prometheus, for those who want to ask it themselves.

use super::dashboard::{Dashboard, Variable};
use super::rules;

/// An expression that the dashboard or a rule asks Prometheus for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expression {
    /// Who asks for it.
    pub origin: Origin,
    /// The row and the title of the panel, or the name of the variable or rule.
    pub name: String,
    /// What is asked.
    pub promql: String,
}

/// Who asks for an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A variable of the dashboard, for the values of its label.
    Variable,
    /// A panel of the dashboard.
    Panel,
    /// A recording rule.
    Recording,
    /// An alert, whose expression has an answer only while its condition holds.
    Alert,
}

/// What stands for the variables of the dashboard.
///
/// The first four are regular expressions.
///
/// # Examples
///
/// ```
/// use antflow_metrics::grafana::{Values, expressions};
///
/// let values = Values {
///     pipeline: "Ingest".to_owned(),
///     ..Values::default()
/// };
/// let asked = expressions(&values);
/// assert!(asked.iter().any(|it| it.promql.contains("pipeline=~\"Ingest\"")));
/// assert!(asked.iter().all(|it| !it.promql.contains('$')));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Scrape jobs.
    pub job: String,
    /// Processes.
    pub instance: String,
    /// Pipelines.
    pub pipeline: String,
    /// Stages.
    pub stage: String,
    /// The time over which panels take rates, such as `"1m"`: at least two scrapes long.
    pub rate_interval: String,
    /// The time that the dashboard shows, such as `"1h"`.
    pub range: String,
}

impl Default for Values {
    /// Everything there is, rates over five minutes, an hour in view.
    fn default() -> Self {
        let all = || ".+".to_owned();
        Self {
            job: all(),
            instance: all(),
            pipeline: all(),
            stage: all(),
            rate_interval: "5m".to_owned(),
            range: "1h".to_owned(),
        }
    }
}

impl Values {
    fn put_into(&self, promql: &str) -> String {
        let values = [
            ("$__rate_interval", &self.rate_interval),
            ("$__range", &self.range),
            ("$job", &self.job),
            ("$instance", &self.instance),
            ("$pipeline", &self.pipeline),
            ("$stage", &self.stage),
        ];
        let put = |promql: String, (name, value): (&str, &String)| promql.replace(name, value);
        values.into_iter().fold(promql.to_owned(), put)
    }
}

/// The expressions of the dashboard and the rules, with these values for its variables.
#[must_use]
pub fn expressions(values: &Values) -> Vec<Expression> {
    let of = |origin, name: String, promql: &str| {
        let promql = values.put_into(promql);
        Expression {
            origin,
            name,
            promql,
        }
    };
    let mut all = Vec::new();
    for variable in Dashboard::variables() {
        if let Variable::Query(query) = variable {
            all.push(of(Origin::Variable, query.name.to_owned(), &query.series));
        }
    }
    for row in Dashboard::rows() {
        for panel in row.panels {
            let name = format!("{} / {}", row.title, panel.title);
            let asked = panel.targets.iter();
            all.extend(asked.map(|target| of(Origin::Panel, name.clone(), &target.expr)));
        }
    }
    for rule in rules::recordings() {
        all.push(of(Origin::Recording, rule.name.to_owned(), &rule.expr));
    }
    for rule in rules::alerts() {
        all.push(of(Origin::Alert, rule.name.to_owned(), &rule.expr));
    }
    all
}
