//! All that is asked of Prometheus, for those who want to ask it themselves.

use super::dashboard::{Dashboard, Variable};
use super::rules;

/// An expression that a dashboard or a rule asks Prometheus for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expression {
    /// Who asks for it.
    pub origin: Origin,
    /// Which metrics it is about.
    pub subject: Subject,
    /// The row and the title of the panel, or the name of the variable or rule.
    pub name: String,
    /// What is asked.
    pub promql: String,
}

/// Who asks for an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A variable of a dashboard, for the values of its label.
    Variable,
    /// A panel of a dashboard.
    Panel,
    /// A recording rule.
    Recording,
    /// An alert, whose expression has an answer only while its condition holds.
    Alert,
}

/// Which metrics a dashboard or a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// Those of pipelines.
    Pipelines,
    /// Those of workers and coordinators of a cluster.
    Cluster,
}

impl Subject {
    /// All subjects.
    pub(super) const ALL: [Self; 2] = [Self::Pipelines, Self::Cluster];
}

/// What stands for the variables of the dashboards.
///
/// All but the last two are regular expressions.
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
    /// Roles of a cluster.
    pub role: String,
    /// The time over which panels take rates, such as `"1m"`: at least two scrapes long.
    pub rate_interval: String,
    /// The time that a dashboard shows, such as `"1h"`.
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
            role: all(),
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
            ("$role", &self.role),
        ];
        let put = |promql: String, (name, value): (&str, &String)| promql.replace(name, value);
        values.into_iter().fold(promql.to_owned(), put)
    }
}

/// The expressions of the dashboards and the rules, with these values for their variables.
#[must_use]
pub fn expressions(values: &Values) -> Vec<Expression> {
    let of = |origin, subject, name: String, promql: &str| {
        let promql = values.put_into(promql);
        Expression {
            origin,
            subject,
            name,
            promql,
        }
    };
    let mut all = Vec::new();
    for subject in Subject::ALL {
        for variable in Dashboard::variables(subject) {
            if let Variable::Query(query) = variable {
                let name = query.name.to_owned();
                all.push(of(Origin::Variable, subject, name, &query.series));
            }
        }
        for row in Dashboard::rows(subject) {
            for panel in row.panels {
                let name = format!("{} / {}", row.title, panel.title);
                let asked = panel.targets.iter();
                all.extend(
                    asked.map(|target| of(Origin::Panel, subject, name.clone(), &target.expr)),
                );
            }
        }
    }
    for rule in rules::recordings() {
        let name = rule.name.to_owned();
        all.push(of(Origin::Recording, Subject::Pipelines, name, &rule.expr));
    }
    for subject in Subject::ALL {
        for rule in rules::alerts(subject) {
            let name = rule.name.to_owned();
            all.push(of(Origin::Alert, subject, name, &rule.expr));
        }
    }
    all
}
