//! Durable queues over PostgreSQL, for antflow's benchmark `cluster` to compare with: this program is started by it, as
//! one process of each that works, and one that hands in.
//!
//! Each is set up as its documentation recommends for many small jobs; `settings` says how.

mod apalis;
mod graphile;
#[path = "../../src/bin/cluster/talk/mod.rs"]
mod talk;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::mpsc::UnboundedReceiver;

use talk::{Mouth, Order, Word, Work, now_ns, orders};

type BoxError = Box<dyn Error + Send + Sync>;

/// How many jobs are handed in by one call.
const CHUNK: u64 = 1000;
/// How often it looks whether all is done.
const LOOK: Duration = Duration::from_millis(2);

#[derive(Debug, Parser)]
struct Args {
    #[arg(long, value_enum)]
    peer: PeerKind,
    /// That of PostgreSQL.
    #[arg(long)]
    url: String,
    #[arg(long)]
    id: String,
    /// It hands in, and does not work.
    #[arg(long)]
    feeds: bool,
    /// How many jobs it works on at once.
    #[arg(long)]
    concurrency: u32,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum PeerKind {
    Apalis,
    GraphileWorker,
}

/// What a queue is handed jobs by.
trait Feed {
    /// Hands in some jobs at once.
    async fn push(&mut self, jobs: Vec<Work>) -> Result<(), BoxError>;

    /// How many jobs are not done.
    async fn left(&self) -> Result<i64, BoxError>;
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    match serve(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cluster_peers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the arguments say until the process that has started this one is gone.
async fn serve(args: &Args) -> Result<(), BoxError> {
    let mut orders = orders();
    let mouth = Mouth::new();
    // One connection for each job at once, and some for what goes on beside them.
    let pool = PgPoolOptions::new().max_connections(args.concurrency + 4);
    let pool = pool.connect(&args.url).await?;
    if args.feeds {
        return match args.peer {
            PeerKind::Apalis => feed(apalis::feeder(&pool).await?, &mouth, orders).await,
            PeerKind::GraphileWorker => feed(graphile::feeder(&pool).await?, &mouth, orders).await,
        };
    }
    let work = work(args, pool, Arc::clone(&mouth));
    tokio::select! {
        ended = work => ended,
        // There are none for who works: this is the end.
        _ = orders.recv() => Ok(()),
    }
}

async fn work(args: &Args, pool: PgPool, mouth: Arc<Mouth>) -> Result<(), BoxError> {
    match args.peer {
        PeerKind::Apalis => apalis::work(&args.id, args.concurrency, &pool, mouth).await,
        PeerKind::GraphileWorker => graphile::work(args.concurrency, pool, mouth).await,
    }
}

/// Carries out orders.
async fn feed(
    mut queue: impl Feed,
    mouth: &Mouth,
    mut orders: UnboundedReceiver<Order>,
) -> Result<(), BoxError> {
    let settings = String::new();
    mouth.say(&Word::Ready { settings });
    while let Some(order) = orders.recv().await {
        let began_ns = now_ns();
        match order {
            Order::Feed { count, work_us, .. } => {
                for first in (0..count).step_by(usize::try_from(CHUNK)?) {
                    let numbers = first..count.min(first + CHUNK);
                    let jobs = numbers.map(|number| Work::new(number, work_us)).collect();
                    queue.push(jobs).await?;
                }
            }
            Order::One => queue.push(vec![Work::alone()]).await?,
            Order::Stream { .. } => return Err("a queue has no nodes that read each other".into()),
            Order::Settle => {
                while queue.left().await? > 0 {
                    tokio::time::sleep(LOOK).await;
                }
                mouth.say(&Word::Settled { at_ns: now_ns() });
                continue;
            }
        }
        mouth.say(&Word::Fed {
            began_ns,
            ended_ns: now_ns(),
        });
    }
    Ok(())
}
