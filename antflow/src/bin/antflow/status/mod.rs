//! `antflow status`.

mod of_run;
mod overview;

use std::time::Duration;

use antflow::cluster::state::RunState;
use antflow::cluster::{Cluster, RunKey};

use crate::context::Context;
use crate::failure::Failure;

/// What may be written behind `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A run, to show its nodes; all runs and workers if left out.
    run: Option<String>,
    /// Shows runs in this state alone. May be given several times.
    #[arg(long, value_name = "STATE", value_parser = state, conflicts_with = "run")]
    state: Vec<RunState>,
    /// Shows so many runs at most, the newest.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 20,
        conflicts_with = "run",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    limit: u32,
    /// Shows so many events of the run too, the last ones.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "run")]
    events: usize,
    /// Shows it again and again, until the run has ended or Ctrl-C.
    #[arg(long)]
    watch: bool,
    /// How long to wait from one look to the next with --watch.
    #[arg(long, value_name = "TIME", default_value = "2s", requires = "watch", value_parser = every)]
    every: Duration,
}

fn state(text: &str) -> Result<RunState, String> {
    RunState::from_name(text).ok_or_else(|| {
        let all = RunState::ALL.map(RunState::as_str).join("`, `");
        format!("expected one of `{all}`")
    })
}

fn every(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if !time.is_zero() => Ok(time),
        Ok(_) => Err("expected a time above 0".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let cluster = context.cluster().await?;
    let run = args.run.as_deref().map(RunKey::from);
    let mut is_first = true;
    loop {
        let has_ended = show(context, &cluster, run.as_ref(), &args, is_first).await?;
        context.out.flush()?;
        if !args.watch || has_ended {
            return Ok(());
        }
        is_first = false;
        tokio::time::sleep(args.every).await;
    }
}

/// Shows it once, and says whether there is nothing more to come.
async fn show(
    context: &mut Context,
    cluster: &Cluster,
    run: Option<&RunKey>,
    args: &Args,
    is_first: bool,
) -> Result<bool, Failure> {
    let out = &mut context.out;
    if let Some(run) = run {
        let shown = of_run::look(cluster, run, args.events).await?;
        if args.watch {
            out.again(is_first)?;
        }
        shown.print(out)?;
        return Ok(shown.run.state.is_terminal());
    }
    let shown = overview::look(cluster, &args.state, args.limit).await?;
    if args.watch {
        out.again(is_first)?;
    }
    shown.print(out)?;
    Ok(false)
}
