use std::time::{Duration, Instant};

use antflow::BoxError;
use antflow::cluster::state::NodeState;
use antflow::cluster::store::StoreError;
use antflow::cluster::{Cluster, ClusterError, RunKey, WorkerKey};
use fastrand::Rng;

use crate::args::{Args, Part};
use crate::crew::{self, Crew};
use crate::engine::{Ground, Server};
use crate::report::Report;
use crate::{check, work};

/// How long it waits at most from one fault to the next, and before what was killed starts again.
const CALM: Duration = Duration::from_millis(400);
const ABSENCE: Duration = Duration::from_millis(60);
/// How long a worker is frozen: for longer than its lease, and the others need to notice.
const FROST: Duration = Duration::from_millis(1500);
/// How long a server stays away at most.
const OUTAGE: Duration = Duration::from_millis(1000);
/// How long events may take to be said once all runs have ended.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// Runs and kills, until all faults were injected and all runs have ended.
pub(crate) async fn rage(args: &Args) -> Result<Report, BoxError> {
    let ground = Ground::new(args.engine);
    let cluster = ground.place().connect().await?;
    let (workers, coordinators) = (args.workers.get(), args.coordinators.get());
    let crew = Crew::start(ground.place().clone(), workers, coordinators, args.seed)?;
    let start = Instant::now();
    let mut storm = Storm {
        args,
        ground,
        cluster,
        crew,
        rng: Rng::with_seed(args.seed),
        moved: (start, 0),
        report: Report {
            engine: crew::name(&args.engine),
            seed: args.seed,
            ..Report::default()
        },
    };
    loop {
        storm.run().await?;
        let report = &storm.report;
        // What is stuck keeps the workers of the runs behind it.
        if report.faults >= args.faults || report.stuck > 0 {
            break;
        }
    }
    storm.report.unsaid = storm.unsaid().await?;
    storm.report.took = start.elapsed();
    storm.report.tally = storm.crew.tally();
    Ok(storm.report)
}

struct Storm<'a> {
    args: &'a Args,
    cluster: Cluster,
    // Before the servers that its processes need.
    crew: Crew,
    ground: Ground,
    rng: Rng,
    report: Report,
    /// When batches of the run were seen last that had not been there before, and how many there were.
    moved: (Instant, u64),
}

impl Storm<'_> {
    /// One run from its submission to the comparison.
    async fn run(&mut self) -> Result<(), BoxError> {
        let graph = work::graph(self.args.batches.get())?;
        let run = self.cluster.submit_graph(graph).await?;
        self.report.runs += 1;
        self.moved = (Instant::now(), 0);
        while self.report.faults < self.args.faults && self.is_going(&run).await? {
            let calm = self.pause(CALM);
            tokio::time::sleep(calm).await;
            self.fault(&run).await?;
        }
        self.settle(&run).await?;
        self.compare(&run).await
    }

    /// Does one of the things that may happen.
    async fn fault(&mut self, run: &RunKey) -> Result<(), BoxError> {
        self.lift_fallen()?;
        let servers = self.ground.servers();
        match (self.rng.u32(..100), &servers[..]) {
            (0..12, _) => self.freeze(run).await,
            (12..20, _) => self.kill(run, usize::MAX).await,
            (20..40, [_, ..]) => {
                let server = servers[self.rng.usize(..servers.len())];
                self.outage(server).await
            }
            _ => self.kill(run, 1).await,
        }
    }

    /// Stops a worker for longer than its lease. It counts if the run is going on without it.
    async fn freeze(&mut self, run: &RunKey) -> Result<(), BoxError> {
        let workers = (0..self.crew.len()).filter(|at| self.crew.part(*at) == Part::Worker);
        let workers: Vec<_> = workers.collect();
        let victim = workers[self.rng.usize(..workers.len())];
        self.crew.freeze(victim, true)?;
        tokio::time::sleep(FROST + self.pause(CALM)).await;
        let is_going = self.is_going(run).await?;
        self.crew.freeze(victim, false)?;
        if is_going {
            self.report.faults += 1;
            self.report.frozen_workers += 1;
        }
        Ok(())
    }

    /// Kills a server, and starts it again.
    async fn outage(&mut self, server: Server) -> Result<(), BoxError> {
        self.ground.kill(server);
        tokio::time::sleep(self.pause(OUTAGE)).await;
        self.ground.restart(server);
        let report = &mut self.report;
        report.faults += 1;
        match server {
            Server::Database => report.kills_of_the_database += 1,
            Server::Broker => report.kills_of_the_broker += 1,
        }
        Ok(())
    }

    /// Kills so many processes at once, and starts them again. It counts if the run is going on without them.
    async fn kill(&mut self, run: &RunKey, most: usize) -> Result<(), BoxError> {
        let mut victims: Vec<usize> = (0..self.crew.len()).collect();
        self.rng.shuffle(&mut victims);
        let left = usize::try_from(self.args.faults - self.report.faults).unwrap_or(usize::MAX);
        victims.truncate(left.min(most));
        let mut hit = Vec::new();
        for victim in victims {
            if self.crew.kill(victim)? {
                hit.push(victim);
            } else {
                self.report.fallen += 1;
                self.restart(victim)?;
            }
        }
        // What they had when they died is theirs until their leases end.
        let had = self.had(&hit).await?;
        if self.is_going(run).await? {
            for (victim, node) in hit.iter().zip(had) {
                self.count(*victim, node);
            }
        }
        for victim in hit {
            let absence = self.pause(ABSENCE);
            tokio::time::sleep(absence).await;
            self.restart(victim)?;
        }
        Ok(())
    }

    fn count(&mut self, victim: usize, node: Option<String>) {
        let report = &mut self.report;
        report.faults += 1;
        match self.crew.part(victim) {
            Part::Worker => report.kills_of_workers += 1,
            Part::Coordinator => report.kills_of_coordinators += 1,
        }
        if self.crew.part(victim) == Part::Worker {
            let node = node.unwrap_or_else(|| "nothing".to_owned());
            *report.interrupted_in.entry(node).or_default() += 1;
        }
    }

    /// The node that each of them has a lease on.
    async fn had(&self, members: &[usize]) -> Result<Vec<Option<String>>, BoxError> {
        let active = patiently(|| self.cluster.active_runs()).await?;
        let of = |member: &usize| {
            let worker = WorkerKey::from(self.crew.id(*member));
            let held = active.iter().find(|active| active.worker == worker);
            held.map(|active| active.node.to_string())
        };
        Ok(members.iter().map(of).collect())
    }

    fn restart(&mut self, member: usize) -> Result<(), BoxError> {
        let under_same_id = self.rng.bool();
        self.crew.restart(member, under_same_id)?;
        if under_same_id {
            self.report.restarts_under_same_id += 1;
        } else {
            self.report.restarts_under_other_id += 1;
        }
        Ok(())
    }

    /// Starts those again that have ended by themselves.
    fn lift_fallen(&mut self) -> Result<(), BoxError> {
        for member in self.crew.fallen()? {
            self.report.fallen += 1;
            self.restart(member)?;
        }
        Ok(())
    }

    /// Waits until the run has ended, or its time is over.
    async fn settle(&mut self, run: &RunKey) -> Result<(), BoxError> {
        let patience = Duration::from_secs(self.args.patience.get());
        let start = Instant::now();
        while self.is_going(run).await? && start.elapsed() < patience {
            self.lift_fallen()?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn compare(&mut self, run: &RunKey) -> Result<(), BoxError> {
        let status = patiently(|| self.cluster.status(run)).await?;
        let batches = self.args.batches.get();
        for node in &status.nodes {
            let difference = check::node(&self.cluster, node, batches).await?;
            let report = &mut self.report;
            report.stuck += u64::from(node.state != NodeState::Finished);
            report.lost += difference.lost;
            report.doubled += difference.doubled;
            report.batches += node.totals.batches;
            report.claimed_again += node.epoch.saturating_sub(1);
            if node.state != NodeState::Finished || difference != check::Difference::default() {
                let (id, state, failure) = (&node.id, node.state, &node.last_failure);
                eprintln!(
                    "chaos: node `{id}` of run `{run}`: {state:?}, {difference:?}, {failure:?}"
                );
            }
        }
        Ok(())
    }

    /// How many events nobody has said, once coordinators had the time to.
    async fn unsaid(&mut self) -> Result<u64, BoxError> {
        let start = Instant::now();
        loop {
            self.lift_fallen()?;
            let counts = patiently(|| self.cluster.counts()).await?;
            if counts.outbox == 0 || start.elapsed() > LAST_WORDS {
                return Ok(counts.outbox);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Has the run not ended? Notes how long nothing has come of it.
    async fn is_going(&mut self, run: &RunKey) -> Result<bool, BoxError> {
        let status = patiently(|| self.cluster.status(run)).await?;
        let batches = status.nodes.iter().map(|node| node.totals.batches).sum();
        if self.moved.1 != batches {
            self.moved = (Instant::now(), batches);
        }
        let pause = self.moved.0.elapsed();
        self.report.longest_pause = self.report.longest_pause.max(pause);
        Ok(!status.run.state.is_terminal())
    }

    fn pause(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.rng.f64())
    }
}

/// Asks until the store answers.
async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, BoxError>
where
    F: Future<Output = Result<T, ClusterError>>,
{
    loop {
        match ask().await {
            Err(ClusterError::Store(error @ StoreError::Unavailable { .. })) => {
                eprintln!("chaos: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            answer => return Ok(answer?),
        }
    }
}
