//! `antflow dead-letters`.

use antflow::cluster::store::{DeadLetter, DeadLetterSource, StoreError};
use antflow::cluster::{Cluster, ClusterError, Timestamp};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::words::{ago, maybe_ago, plain, short};

/// What may be written behind `dead-letters`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists what could not be understood or said.
    List {
        /// How many at most.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Leaves out those up to this number.
        #[arg(long, value_name = "ID", default_value_t = 0)]
        after: i64,
    },
    /// Tries dead letters again: events of the outbox become due, messages of the bus are said again.
    Retry {
        /// Their numbers.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<i64>,
        /// All that were not tried again yet.
        #[arg(long)]
        all: bool,
    },
}

/// A dead letter as it is shown.
#[derive(Serialize)]
struct Shown {
    id: i64,
    source: DeadLetterSource,
    code: String,
    reason: String,
    /// The bytes as text; what is no UTF-8 is replaced.
    text: String,
    bytes: usize,
    is_cut: bool,
    at: Timestamp,
    retried_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct List {
    now_ms: Timestamp,
    dead_letters: Vec<Shown>,
}

/// What became of a letter that was to be tried again.
#[derive(Serialize)]
struct Retried {
    id: i64,
    result: Outcome,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// An event of the outbox is due again.
    Due,
    /// A message was said again.
    Said,
    /// It stays as it was, as trying it again would reach nobody.
    Left,
    /// It could not be tried again.
    Failed,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let cluster = context.cluster().await?;
    match args.action {
        Action::List { limit, after } => {
            let list = List {
                dead_letters: letters(&cluster, after, limit).await?,
                now_ms: cluster.now().await?,
            };
            show(context, &list)
        }
        Action::Retry { all: true, .. } => retry_all(context, &cluster).await,
        Action::Retry { ids, .. } => retry_some(context, &cluster, ids).await,
    }
}

async fn letters(cluster: &Cluster, after: i64, limit: u32) -> Result<Vec<Shown>, Failure> {
    let letters = cluster.dead_letters(after, limit).await?;
    Ok(letters.into_iter().map(Shown::from).collect())
}

impl From<DeadLetter> for Shown {
    fn from(letter: DeadLetter) -> Self {
        Self {
            text: String::from_utf8_lossy(&letter.raw).into_owned(),
            bytes: letter.raw.len(),
            id: letter.id,
            source: letter.source,
            code: letter.code,
            reason: letter.reason,
            is_cut: letter.is_cut,
            at: letter.at,
            retried_at: letter.retried_at,
        }
    }
}

fn show(context: &mut Context, list: &List) -> Result<(), Failure> {
    if context.out.json {
        return context.out.document(list);
    }
    if list.dead_letters.is_empty() {
        return context.out.line("there are no dead letters");
    }
    let header = [
        "ID",
        "FROM",
        "CAME",
        "TRIED AGAIN",
        "BYTES",
        "CODE",
        "REASON",
    ];
    let rows = list.dead_letters.iter().map(|letter| {
        [
            letter.id.to_string(),
            from(&letter.source),
            ago(list.now_ms, letter.at),
            maybe_ago(list.now_ms, letter.retried_at),
            letter.bytes.to_string(),
            plain(&letter.code),
            short(&letter.reason, 80),
        ]
    });
    context.out.table(header, &[0, 4], rows)
}

fn from(source: &DeadLetterSource) -> String {
    match source {
        DeadLetterSource::Bus(topic) => plain(topic),
        DeadLetterSource::Outbox(event) => format!("event {event}"),
        other => format!("{other:?}"),
    }
}

/// Letters that are asked for by their numbers all have to be tried again.
async fn retry_some(
    context: &mut Context,
    cluster: &Cluster,
    ids: Vec<i64>,
) -> Result<(), Failure> {
    let mut is_well = true;
    for id in ids {
        let page = letters(cluster, id.saturating_sub(1), 1).await?;
        let retried = match page.into_iter().find(|letter| letter.id == id) {
            Some(letter) => retry(cluster, &letter).await?,
            None => Retried {
                id,
                result: Outcome::Failed,
                text: "there is no such dead letter: `antflow dead-letters list` lists them"
                    .to_owned(),
            },
        };
        is_well &= matches!(retried.result, Outcome::Due | Outcome::Said);
        say(context, &retried)?;
    }
    context.out.flush()?;
    if is_well { Ok(()) } else { Err(Failure::Said) }
}

async fn retry_all(context: &mut Context, cluster: &Cluster) -> Result<(), Failure> {
    let (mut after, mut is_well, mut is_none) = (0, true, true);
    loop {
        let page = letters(cluster, after, 100).await?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.id;
        for letter in page.iter().filter(|letter| letter.retried_at.is_none()) {
            let retried = retry(cluster, letter).await?;
            is_well &= retried.result != Outcome::Failed;
            is_none = false;
            say(context, &retried)?;
        }
    }
    if is_none && !context.out.json {
        context
            .out
            .line("there are no dead letters that were not tried again")?;
    }
    context.out.flush()?;
    if is_well { Ok(()) } else { Err(Failure::Said) }
}

/// Tries a letter again, if somebody could hear it.
async fn retry(cluster: &Cluster, letter: &Shown) -> Result<Retried, Failure> {
    let done = |result, text: String| Retried {
        id: letter.id,
        result,
        text,
    };
    if let DeadLetterSource::Bus(topic) = &letter.source
        && cluster.bus().is_in_process()
    {
        let text = format!(
            "left as it is: the bus of this engine is inside of each process, so nobody would hear this command on \
             `{}`; nothing is lost by that, as the work is in the store",
            plain(topic)
        );
        return Ok(done(Outcome::Left, text));
    }
    match cluster.retry_dead_letter(letter.id).await {
        Ok(DeadLetter {
            source: DeadLetterSource::Bus(topic),
            ..
        }) => Ok(done(
            Outcome::Said,
            format!("said again on `{}`", plain(&topic)),
        )),
        Ok(letter) => {
            let text = format!(
                "{} is due again: a coordinator says it",
                from(&letter.source)
            );
            Ok(done(Outcome::Due, text))
        }
        // What is wrong with this one need not be wrong with the next.
        Err(
            error @ (ClusterError::DeadLetter { .. }
            | ClusterError::Store(StoreError::NotFound { .. })),
        ) => Ok(done(Outcome::Failed, error.to_string())),
        Err(error) => Err(error.into()),
    }
}

fn say(context: &mut Context, retried: &Retried) -> Result<(), Failure> {
    if context.out.json {
        return context.out.document(retried);
    }
    context
        .out
        .line(format_args!("{}: {}", retried.id, retried.text))
}
