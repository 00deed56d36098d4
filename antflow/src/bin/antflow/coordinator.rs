//! `antflow coordinator`.

use std::path::PathBuf;

use antflow::cluster::StopSignals;
use antflow::cluster::bus::{Audience, Inbox};
use antflow::cluster::coordinator::{CoordinatorConfig, CoordinatorHandle};
use antflow::cluster::protocol::{Envelope, Message, Topic};
use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, note};
use crate::words::{plain, span};

/// What may be written behind `coordinator`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The configuration, JSON or TOML; variables that begin with ANTFLOW_COORDINATOR_ are above it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs a coordinator, and says on stderr, or as JSON on stdout, what it does.
pub(crate) async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let config = match args.config {
        Some(path) => CoordinatorConfig::load(path, Value::Null),
        None => CoordinatorConfig::from_env(),
    };
    let config = config.map_err(|error| Failure::Usage(error.to_string()))?;
    let cluster = context.cluster_or_new().await?;
    let signals = StopSignals::take();
    let mut signals =
        signals.map_err(|error| Failure::Failed(format!("no signals can be heard: {error}")))?;
    let topics = vec![Topic::Runs, Topic::Warnings];
    let heard = cluster.bus().subscribe(topics, Audience::Each).await;
    let mut inbox = heard.map_err(|error| Failure::Failed(error.to_string()))?;

    let grace = span(config.cancel_grace);
    let built = cluster.coordinator().config(config).build();
    let coordinator = built
        .map_err(|error| Failure::Usage(error.to_string()))?
        .start();
    let out = &mut context.out;
    let id = coordinator.id();
    say(
        out,
        &json!({ "event": "started", "coordinator": id }),
        &format!("coordinator `{id}` has started"),
    );
    let until_signal = until(out, &mut inbox, signals.next());
    tokio::select! {
        () = until_signal => {}
        () = coordinator.join() => {}
    }
    let text = format!("stopping: functions have {grace} to end; a second signal ends it at once");
    say(out, &json!({ "event": "stopping" }), &text);
    let shutdown = signals.unless_another(coordinator.shutdown());
    until(out, &mut inbox, shutdown).await;
    // What the coordinator said last.
    while let Some(Some(Ok(post))) = inbox.next().now_or_never() {
        tell(out, &post.bytes);
    }
    end(out, &coordinator);
    Ok(())
}

/// Tells what is heard until `end`.
async fn until(out: &mut Output, inbox: &mut Box<dyn Inbox>, end: impl Future<Output = ()>) {
    let mut end = std::pin::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => return,
            heard = inbox.next() => match heard {
                Some(Ok(post)) => tell(out, &post.bytes),
                Some(Err(error)) => note(format_args!("warning: {error}")),
                // The bus is closed: there is nothing more to tell.
                None => return end.await,
            },
        }
    }
}

/// Tells of a message. What cannot be understood is in the dead letters, and is warned of by others.
fn tell(out: &mut Output, bytes: &[u8]) {
    let Ok(envelope) = Envelope::decode(bytes) else {
        return;
    };
    let run = envelope
        .run
        .map(|run| plain(run.as_str()))
        .unwrap_or_default();
    match envelope.message {
        Message::RunStarted => say(
            out,
            &json!({ "event": "run_started", "run": run }),
            &format!("run `{run}` was submitted"),
        ),
        Message::RunEnded { state, reason } => {
            let why = reason
                .as_ref()
                .map_or_else(String::new, |reason| format!(": {}", plain(reason)));
            let text = format!("run `{run}` ended {}{why}", state.as_str());
            let event =
                json!({ "event": "run_ended", "run": run, "state": state, "reason": reason });
            say(out, &event, &text);
        }
        Message::Warning(warning) => {
            let text = format!(
                "warning: {} ({})",
                plain(&warning.text),
                plain(warning.code.as_str())
            );
            let event = json!({ "event": "warning", "code": warning.code, "text": warning.text });
            say(out, &event, &text);
        }
        _ => {}
    }
}

fn end(out: &mut Output, coordinator: &CoordinatorHandle) {
    let stats = coordinator.stats();
    let text = format!(
        "coordinator `{}` has ended: {} events said, {} leases ended, {} functions finished, {} warnings",
        coordinator.id(),
        stats.said,
        stats.reaped,
        stats.functions_finished,
        stats.warnings
    );
    let event = json!({
        "event": "ended",
        "coordinator": coordinator.id(),
        "said": stats.said,
        "reaped": stats.reaped,
        "functions_finished": stats.functions_finished,
        "warnings": stats.warnings,
    });
    say(out, &event, &text);
}

/// Says what happens. A coordinator goes on whether somebody listens or not.
fn say(out: &mut Output, event: &Value, text: &str) {
    if out.json {
        drop(out.document(event).and_then(|()| out.flush()));
    } else {
        note(text);
    }
}
