use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use antflow::BoxError;

use crate::args::Args;
use crate::contender::Contender;
use crate::crew::Crew;
use crate::ground::Servers;
use crate::talk::{Order, Word};

/// How long the slow batches take.
const SLOW_US: u64 = 5_000;
/// How long the node that is read makes a batch.
const PAUSE_US: u64 = 20_000;
/// How long everybody is idle at least before something is handed in alone.
const IDLE: Duration = Duration::from_millis(10);
/// How many batches of each worker are not measured.
const WARM: u64 = 50;

/// What one round found out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// Batches that took no time, and how fast they were handed in.
    pub(crate) quick: Rates,
    /// Batches that took 5 ms.
    pub(crate) slow: Rates,
    /// From the submission to the handler.
    pub(crate) reached_ns: Vec<i64>,
    /// From what the worker knows as the commit of a batch to the handler of the node that reads it.
    pub(crate) commit_to_taken_ns: Vec<i64>,
    /// From the return of the handler that made a batch to the handler of the node that reads it.
    pub(crate) made_to_taken_ns: Vec<i64>,
}

/// Batches per second.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    /// Until all were stored.
    pub(crate) fed: f64,
    /// From the first that was handed in to the last that was done, the store included.
    pub(crate) done: f64,
}

/// One round of one contender with so many worker processes.
pub(crate) fn measure(
    contender: Contender,
    workers: u64,
    args: &Args,
    servers: &mut Servers,
) -> Result<(Sample, Vec<String>), BoxError> {
    let place = servers.place(contender);
    let commands = contender.members(&place, workers, args.concurrency.get())?;
    let (mut crew, settings) = Crew::start(commands)?;
    let shares = workers.max(1);
    // Whoever has handled something is connected and has its caches.
    feed(&mut crew, shares * WARM, 0, shares)?;
    one(&mut crew)?;
    let quick = feed(&mut crew, args.batches.get(), 0, shares)?;
    let slow = feed(&mut crew, args.slow_batches.get(), SLOW_US, shares)?;
    let mut sample = Sample {
        quick,
        slow,
        ..Sample::default()
    };
    let begun = Instant::now();
    while (sample.reached_ns.len() as u64) < args.samples.get()
        && begun.elapsed().as_secs() < args.seconds.get()
    {
        // Somewhere between two looks of those who look, and not always right behind one.
        let last = sample.reached_ns.last().copied().unwrap_or_default();
        let last = Duration::from_nanos(last.unsigned_abs());
        std::thread::sleep(IDLE + last.mul_f64(2.0 * fastrand::f64()));
        sample.reached_ns.push(one(&mut crew)?);
    }
    if contender.has_nodes() {
        let longest = args.seconds.get() * 1_000_000 / PAUSE_US;
        stream(&mut crew, args.samples.get().min(longest), &mut sample)?;
    }
    drop(crew);
    servers.remove(&place);
    Ok((sample, settings))
}

/// Hands in many, and waits until all are done.
fn feed(crew: &mut Crew, count: u64, work_us: u64, shares: u64) -> Result<Rates, BoxError> {
    let before = crew.handled();
    crew.order(Order::Feed {
        count,
        work_us,
        shares,
    })?;
    let begun = Instant::now();
    let mut fed = None;
    while fed.is_none() || crew.handled() - before < count {
        if let Word::Fed { began_ns, ended_ns } = crew.hear(begun)? {
            fed = Some((began_ns, ended_ns));
        }
    }
    let done_ns = settle(crew)?;
    let (began_ns, ended_ns) = fed.unwrap_or_default();
    let per_second = |until: u64| count as f64 * 1e9 / until.saturating_sub(began_ns).max(1) as f64;
    Ok(Rates {
        fed: per_second(ended_ns),
        done: per_second(done_ns),
    })
}

/// Hands in one, and says how long it took to its handler.
fn one(crew: &mut Crew) -> Result<i64, BoxError> {
    crew.order(Order::One)?;
    let (mut is_fed, mut reached) = (false, None);
    let begun = Instant::now();
    loop {
        match crew.hear(begun)? {
            Word::Fed { .. } => is_fed = true,
            Word::Reached { took_ns } => reached = Some(took_ns),
            _ => {}
        }
        if let (true, Some(took_ns)) = (is_fed, reached) {
            settle(crew)?;
            return Ok(i64::try_from(took_ns)?);
        }
    }
}

/// Lets a node read another one.
fn stream(crew: &mut Crew, count: u64, sample: &mut Sample) -> Result<(), BoxError> {
    crew.order(Order::Stream {
        count,
        pause_us: PAUSE_US,
    })?;
    let (mut committed, mut taken) = (BTreeMap::new(), BTreeMap::new());
    let begun = Instant::now();
    while (committed.len() as u64) < count || (taken.len() as u64) < count {
        match crew.hear(begun)? {
            Word::Committed { number, at_ns } => {
                committed.entry(number).or_insert(at_ns);
            }
            Word::Taken {
                number,
                made_ns,
                at_ns,
            } => {
                taken.entry(number).or_insert((made_ns, at_ns));
            }
            _ => {}
        }
    }
    settle(crew)?;
    for (number, (made_ns, at_ns)) in taken {
        let after = |before: u64| Ok::<_, BoxError>(i64::try_from(at_ns)? - i64::try_from(before)?);
        sample.made_to_taken_ns.push(after(made_ns)?);
        if let Some(committed_ns) = committed.get(&number) {
            sample.commit_to_taken_ns.push(after(*committed_ns)?);
        }
    }
    Ok(())
}

/// Waits until nothing is left undone, and says when that was.
fn settle(crew: &mut Crew) -> Result<u64, BoxError> {
    crew.order(Order::Settle)?;
    crew.wait_for(|word| match word {
        Word::Settled { at_ns } => Some(at_ns),
        _ => None,
    })
}
