//! Which labels the answer to an expression has.

use std::collections::{BTreeMap, BTreeSet};

use antflow_metrics::catalog::{self, Kind};
use promql_parser::parser::{self, AggregateExpr, BinaryExpr, Expr, LabelModifier, VectorSelector};

/// Names of labels.
pub(crate) type Labels = BTreeSet<String>;

/// The series that recording rules make, with their labels.
#[derive(Debug, Default)]
pub(crate) struct Recorded(pub(crate) BTreeMap<String, Labels>);

impl Recorded {
    /// The labels of the answer to an expression; none if it is a number. An error says what there is not.
    pub(crate) fn labels(&self, promql: &str) -> Result<Option<Labels>, String> {
        self.of(&parser::parse(promql)?)
    }

    fn of(&self, expr: &Expr) -> Result<Option<Labels>, String> {
        match expr {
            Expr::VectorSelector(series) => self.of_series(series).map(Some),
            Expr::MatrixSelector(range) => self.of_series(&range.vs).map(Some),
            Expr::Paren(inner) => self.of(&inner.expr),
            Expr::Aggregate(aggregate) => self.of_aggregate(aggregate).map(Some),
            Expr::Binary(binary) => self.of_binary(binary),
            Expr::Call(call) => {
                let mut labels = None;
                for argument in &call.args.args {
                    labels = self.of(argument)?.or(labels);
                }
                if call.func.name == "histogram_quantile" {
                    let has_bounds = labels.as_mut().is_some_and(|it| it.remove("le"));
                    ensure(has_bounds, || format!("`le` is missing in {call}"))?;
                }
                Ok(labels)
            }
            Expr::NumberLiteral(_) => Ok(None),
            other => Err(format!("the test does not know this: {other}")),
        }
    }

    fn of_series(&self, series: &VectorSelector) -> Result<Labels, String> {
        let name = series.name.as_deref().unwrap_or_default();
        let labels = self
            .of_metric(name)
            .ok_or_else(|| format!("there is no metric {name}"))?;
        for matcher in &series.matchers.matchers {
            ensure(labels.contains(&matcher.name), || {
                format!("{name} has no label {}", matcher.name)
            })?;
        }
        Ok(labels)
    }

    fn of_metric(&self, name: &str) -> Option<Labels> {
        if let Some(labels) = self.0.get(name) {
            return Some(labels.clone());
        }
        let target = ["job", "instance"].map(str::to_owned);
        if name == "up" {
            return Some(target.into());
        }
        let histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|part| {
            let metric = catalog::find(name.strip_suffix(part)?)?;
            Some((part, metric))
        });
        let (part, metric) = histogram.or_else(|| Some(("", catalog::find(name)?)))?;
        // A histogram has no series of its own name, and nothing else has buckets.
        if matches!(metric.kind, Kind::Histogram(_)) == part.is_empty() {
            return None;
        }
        let bound = (part == "_bucket").then_some("le");
        let own = metric
            .labels
            .iter()
            .copied()
            .chain(bound)
            .map(str::to_owned);
        Some(own.chain(target).collect())
    }

    fn of_aggregate(&self, aggregate: &AggregateExpr) -> Result<Labels, String> {
        let inner = self.of(&aggregate.expr)?.ok_or("a number is aggregated")?;
        let kept = match &aggregate.modifier {
            None => Labels::new(),
            Some(LabelModifier::Include(by)) => by.labels.iter().cloned().collect(),
            Some(LabelModifier::Exclude(_)) => {
                return Err("`without` keeps unknown labels".to_owned());
            }
        };
        ensure(kept.is_subset(&inner), || {
            format!("{kept:?} are not all among {inner:?}, in {aggregate}")
        })?;
        Ok(kept)
    }

    fn of_binary(&self, binary: &BinaryExpr) -> Result<Option<Labels>, String> {
        let (Some(left), Some(right)) = (self.of(&binary.lhs)?, self.of(&binary.rhs)?) else {
            // At most one side has series.
            return Ok(self.of(&binary.lhs)?.or(self.of(&binary.rhs)?));
        };
        let matching = binary.modifier.as_ref().and_then(|it| it.matching.as_ref());
        match matching {
            None => ensure(left == right, || {
                format!("{left:?} never match {right:?}, in {binary}")
            })?,
            Some(LabelModifier::Include(on)) => {
                let on: Labels = on.labels.iter().cloned().collect();
                let both = on.is_subset(&left) && on.is_subset(&right);
                ensure(both, || {
                    format!("{on:?} are not on both sides, in {binary}")
                })?;
            }
            Some(LabelModifier::Exclude(_)) => {
                return Err("`ignoring` matches unknown labels".to_owned());
            }
        }
        Ok(Some(left))
    }
}

fn ensure(is_right: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(otherwise()) }
}
