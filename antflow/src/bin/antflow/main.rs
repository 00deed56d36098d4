//! The command line of antflow's clusters: `antflow --help` tells how to use it.
//!
//! [`args`] says what may be written, and each subcommand has a module of its name. What they share is [`context`], the
//! way to the cluster; [`output`], what is printed; [`words`], how it is put; and [`failure`], why a command fails.

mod args;
mod artifacts;
mod cancel;
mod context;
mod coordinator;
mod dead_letters;
mod doctor;
mod failure;
mod limits;
mod output;
mod status;
mod submit;
mod wait;
mod words;
mod workers;

use std::process::ExitCode;

use args::{Cli, Command};
use context::Context;
use failure::Failure;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let built = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match built {
        Ok(runtime) => runtime,
        Err(error) => return Failure::Failed(format!("no runtime: {error}")).end(),
    };
    let mut context = Context::new(cli.cluster, cli.bus, cli.json);
    let done = runtime.block_on(async {
        // On the heap: the commands' futures are as large as the largest of them.
        Box::pin(run(&mut context, cli.command)).await?;
        context.out.flush()
    });
    done.map_or_else(Failure::end, |()| ExitCode::SUCCESS)
}

async fn run(context: &mut Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Coordinator(args) => coordinator::run(context, args).await,
        Command::Submit(args) => submit::run(context, args).await,
        Command::Status(args) => status::run(context, args).await,
        Command::Artifacts(args) => artifacts::run(context, args).await,
        Command::Workers => workers::run(context).await,
        Command::Cancel(args) => cancel::run(context, args).await,
        Command::Limits(args) => limits::run(context, args).await,
        Command::DeadLetters(args) => dead_letters::run(context, args).await,
        Command::Doctor(args) => doctor::run(context, args).await,
    }
}
