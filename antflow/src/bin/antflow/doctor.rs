//! `antflow doctor`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use antflow::cluster::graph::{Catalog, Graph};
use antflow::cluster::{Diagnosis, Examination, Severity};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::Output;
use crate::words::plain;

/// What may be written behind `doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A graph, as JSON, each role of which needs a worker; without one, those of the nodes that wait do.
    #[arg(long, value_name = "GRAPH.json")]
    graph: Option<PathBuf>,
    /// How long the store, the bus and each worker may take to answer.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "5s")]
    patience: Duration,
}

/// What is shown as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    severity: Severity,
    #[serde(flatten)]
    diagnosis: &'a Diagnosis,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let mut examination = Examination::default().patience(args.patience);
    if let Some(path) = &args.graph {
        examination = examination.graph(read(path)?);
    }
    let diagnosis = context.connect()?.existing().diagnose(examination).await;
    let severity = diagnosis.severity();
    if context.out.json {
        let diagnosis = &diagnosis;
        context.out.document(&Shown {
            severity,
            diagnosis,
        })?;
    } else {
        print(&mut context.out, &diagnosis)?;
    }
    if severity == Severity::Problem {
        context.out.flush()?;
        return Err(Failure::Said);
    }
    Ok(())
}

fn read(path: &Path) -> Result<Graph, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::Usage(format!("the graph `{}`: {error}", path.display()))
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
    Graph::from_json(&text, &Catalog::any()).map_err(|error| wrong(&error))
}

fn print(out: &mut Output, diagnosis: &Diagnosis) -> Result<(), Failure> {
    for finding in &diagnosis.findings {
        out.line(format_args!(
            "{:<8} {}: {}",
            finding.severity.as_str(),
            plain(&finding.what),
            plain(&finding.said)
        ))?;
        if let Some(advice) = &finding.advice {
            out.line(format_args!("{:<8} {}", "", plain(advice)))?;
        }
    }
    let count = |severity| {
        let of = diagnosis.findings.iter();
        of.filter(|finding| finding.severity == severity).count()
    };
    out.line(match (count(Severity::Problem), count(Severity::Warning)) {
        (0, 0) => "all is well".to_owned(),
        (problems, warnings) => format!("{problems} problems, {warnings} warnings"),
    })
}
