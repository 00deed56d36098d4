//! `antflow submit`.

mod input;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use antflow::cluster::graph::{Catalog, Graph};
use antflow::cluster::state::RunState;
use antflow::cluster::store::NewRun;
use antflow::cluster::{Cluster, RunKey};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::note;
use crate::wait::wait;
use crate::words::plain;
use input::{Input, Sent};

/// What may be written behind `submit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The graph, as JSON.
    #[arg(value_name = "GRAPH.json")]
    graph: PathBuf,
    /// The id of the run, by which submitting it again does nothing; a new one if left out.
    #[arg(long)]
    id: Option<String>,
    /// The parameters of the run, a JSON object, or the file that has it.
    #[arg(long, value_name = "JSON|@FILE")]
    params: Option<String>,
    /// The input of an input node: a file with a JSON value on each line. May be given several times.
    #[arg(long, value_name = "NODE=FILE.jsonl")]
    input: Vec<Input>,
    /// Waits until the run has ended; fails unless it finishes.
    #[arg(long)]
    wait: bool,
}

/// What is shown.
#[derive(Serialize)]
struct Submitted {
    run: RunKey,
    state: RunState,
    reason: Option<String>,
    /// What was sent to each input node.
    input: BTreeMap<String, Sent>,
}

/// Something that is wrong with what was given.
#[derive(Serialize)]
struct Mistake {
    at: String,
    what: String,
}

/// All that is wrong with what was given.
#[derive(Default, Serialize)]
struct Mistakes {
    mistakes: Vec<Mistake>,
}

impl Mistakes {
    fn add(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.mistakes.push(Mistake {
            at: at.into(),
            what: what.into(),
        });
    }
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let mut mistakes = Mistakes::default();
    let graph = read_graph(&args, &mut mistakes);
    let params = read_params(args.params.as_deref(), &mut mistakes);
    input::check(graph.as_ref(), &args.input, &mut mistakes);
    let (Some(graph), true) = (graph, mistakes.mistakes.is_empty()) else {
        return refuse(context, &args, &mistakes);
    };
    let cluster = context.cluster_or_new().await?;
    let mut new = NewRun::new(graph.clone());
    new.params = params;
    if let Some(id) = args.id {
        new.id = id.into();
    }
    let run = cluster.submit_run(new).await?;
    let sent = match input::send(&cluster, &run, &args.input).await {
        Ok(sent) => sent,
        Err(Failure::Failed(text)) => {
            let run = plain(run.as_str());
            return Err(Failure::Failed(format!(
                "{text}; run `{run}` is submitted: write the same with `--id {run}` to go on where this ended"
            )));
        }
        Err(other) => return Err(other),
    };
    say_open(&graph, &run, &sent);
    finish(context, &cluster, run, sent, args.wait).await
}

/// Prints the run, when it has ended if that is asked for.
async fn finish(
    context: &mut Context,
    cluster: &Cluster,
    run: RunKey,
    input: BTreeMap<String, Sent>,
    is_awaited: bool,
) -> Result<(), Failure> {
    if !context.out.json {
        context.out.line(&run)?;
        context.out.flush()?;
    }
    let status = if is_awaited {
        wait(cluster, &run).await?
    } else {
        cluster.status(&run).await?
    };
    let state = status.run.state;
    if context.out.json {
        let reason = status.run.reason;
        let shown = Submitted {
            run,
            state,
            reason,
            input,
        };
        context.out.document(&shown)?;
        context.out.flush()?;
    }
    if is_awaited && state != RunState::Finished {
        return Err(Failure::Said);
    }
    Ok(())
}

fn read_graph(args: &Args, mistakes: &mut Mistakes) -> Option<Graph> {
    let text = match fs::read_to_string(&args.graph) {
        Ok(text) => text,
        Err(error) => {
            mistakes.add(
                args.graph.display().to_string(),
                format!("cannot be read: {error}"),
            );
            return None;
        }
    };
    match Graph::from_json(&text, &Catalog::any()) {
        Ok(graph) => Some(graph),
        Err(error) => {
            for mistake in error.mistakes() {
                mistakes.add(&mistake.at, &mistake.what);
            }
            None
        }
    }
}

fn read_params(given: Option<&str>, mistakes: &mut Mistakes) -> Map<String, Value> {
    let Some(given) = given else {
        return Map::new();
    };
    let read = match given.strip_prefix('@') {
        Some(path) => {
            fs::read_to_string(path).map_err(|error| format!("`{path}` cannot be read: {error}"))
        }
        None => Ok(given.to_owned()),
    };
    let value = read.and_then(|text| {
        serde_json::from_str(&text).map_err(|error| format!("expected a JSON object: {error}"))
    });
    value.unwrap_or_else(|what| {
        mistakes.add("--params", what);
        Map::new()
    })
}

/// Says all that is wrong, each on a line with its place.
fn refuse(context: &mut Context, args: &Args, mistakes: &Mistakes) -> Result<(), Failure> {
    if context.out.json {
        context.out.document(mistakes)?;
        context.out.flush()?;
        return Err(Failure::SaidUsage);
    }
    let count = mistakes.mistakes.len();
    let noun = if count == 1 { "mistake" } else { "mistakes" };
    let graph = args.graph.display();
    note(format_args!(
        "error: `{graph}` cannot be submitted, for {count} {noun}:"
    ));
    for mistake in &mistakes.mistakes {
        note(format_args!("  {}: {}", mistake.at, mistake.what));
    }
    Err(Failure::SaidUsage)
}

/// Says which input nodes wait for input that nobody has given.
fn say_open(graph: &Graph, run: &RunKey, sent: &BTreeMap<String, Sent>) {
    let inputs = graph.nodes().iter().filter(|node| node.is_input());
    for node in inputs.filter(|node| !sent.contains_key(node.id.as_str())) {
        let (node, run) = (plain(node.id.as_str()), plain(run.as_str()));
        note(format_args!(
            "input node `{node}` stays open: write the same with `--id {run} --input {node}=FILE.jsonl`, or append to \
             it from a program"
        ));
    }
}
