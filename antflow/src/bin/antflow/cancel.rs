//! `antflow cancel`.

use std::time::Duration;

use antflow::cluster::RunKey;
use antflow::cluster::state::RunState;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::wait::wait;
use crate::words;

/// What may be written behind `cancel`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The run.
    run: String,
    /// Why: handlers can read it.
    #[arg(long, value_name = "TEXT", default_value = "cancelled by an operator")]
    reason: String,
    /// How long workers have to end what they do, such as 30s; the run's own grace if left out.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    grace: Option<Duration>,
    /// Waits until the run has ended; fails if it ends failed.
    #[arg(long)]
    wait: bool,
}

/// What is shown.
#[derive(Serialize)]
struct Cancelled {
    run: RunKey,
    state: RunState,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let cluster = context.cluster().await?;
    let run = RunKey::from(args.run);
    let mut state = match args.grace {
        Some(grace) => cluster.cancel_within(&run, args.reason, grace).await?,
        None => cluster.cancel(&run, args.reason).await?,
    };
    if args.wait {
        state = wait(&cluster, &run).await?.run.state;
    }
    if context.out.json {
        context.out.document(&Cancelled { run, state })?;
    } else {
        let what = match state {
            RunState::Cancelling => "is being cancelled",
            RunState::Cancelled => "is cancelled",
            RunState::Failing => "fails already",
            RunState::Failed => "has failed",
            RunState::Finished => "has finished",
            RunState::Running => "goes on",
        };
        let run = words::plain(run.as_str());
        context.out.line(format_args!("run `{run}` {what}"))?;
    }
    if args.wait && state == RunState::Failed {
        return Err(Failure::Said);
    }
    Ok(())
}
