//! A factory of actors per stage, with `ractor`.
//!
//! A factory's queue has no bound, so the feeder holds back: no more items are on their way than the queues and
//! workers of the other implementations hold.

use std::sync::Arc;

use ractor::concurrency::JoinHandle;
use ractor::factory::queues::DefaultQueue;
use ractor::factory::routing::QueuerRouting;
use ractor::factory::{
    Factory, FactoryArguments, FactoryMessage, Job, JobOptions, Worker, WorkerBuilder, WorkerId,
};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::{Semaphore, mpsc};

use super::super::latency::RoundTrip;
use super::super::measure::Failure;
use super::super::work::Work;
use super::super::workload::Shape;
use super::slots::Slots;

/// Jobs have the index of their item as key.
type Message = FactoryMessage<u64, u64>;
type Queue = DefaultQueue<u64, u64>;
type Router = QueuerRouting<u64, u64>;

/// Where the outcome of a stage goes.
#[derive(Debug, Clone)]
enum Target {
    Stage(ActorRef<Message>),
    /// The places of the results, and the permits of the items on their way.
    Slots(Slots, Arc<Semaphore>),
    Caller(mpsc::Sender<u64>),
}

struct StageWorker<W> {
    work: W,
    target: Target,
}

impl<W: Work> Worker for StageWorker<W> {
    type Key = u64;
    type Message = u64;
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: WorkerId,
        _: &ActorRef<Message>,
        (): Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: WorkerId,
        _: &ActorRef<Message>,
        Job { key, msg, .. }: Job<u64, u64>,
        (): &mut Self::State,
    ) -> Result<u64, ActorProcessingErr> {
        let x = self.work.call(msg).await;
        match &self.target {
            Target::Stage(next) => dispatch(next, key, x)?,
            Target::Slots(slots, permits) => {
                slots.put(key as usize, x);
                permits.add_permits(1);
            }
            Target::Caller(caller) => caller.send(x).await?,
        }
        Ok(key)
    }
}

struct Hire<W> {
    work: W,
    target: Target,
}

impl<W: Work> WorkerBuilder<StageWorker<W>, ()> for Hire<W> {
    fn build(&mut self, _: WorkerId) -> (StageWorker<W>, ()) {
        let worker = StageWorker {
            work: self.work,
            target: self.target.clone(),
        };
        (worker, ())
    }
}

fn dispatch(stage: &ActorRef<Message>, key: u64, msg: u64) -> Result<(), ActorProcessingErr> {
    let job = Job {
        key,
        msg,
        options: JobOptions::default(),
        accepted: None,
    };
    stage.cast(FactoryMessage::Dispatch(job))?;
    Ok(())
}

/// The factories of all stages, the first one first.
type Factories = Vec<(ActorRef<Message>, JoinHandle<()>)>;

async fn spawn<W: Work>(shape: Shape, work: W, mut target: Target) -> Result<Factories, Failure> {
    let mut factories = Vec::with_capacity(shape.stages);
    for _ in 0..shape.stages {
        let hire: Box<dyn WorkerBuilder<StageWorker<W>, ()>> = Box::new(Hire {
            work,
            target: target.clone(),
        });
        let factory = Factory::<u64, u64, (), StageWorker<W>, Router, Queue>::default();
        let arguments = FactoryArguments::builder()
            .num_initial_workers(shape.workers)
            .queue(Queue::default())
            .router(Router::default())
            .worker_builder(hire)
            .build();
        let (stage, handle) = Actor::spawn(None, factory, arguments).await?;
        target = Target::Stage(stage.clone());
        factories.insert(0, (stage, handle));
    }
    Ok(factories)
}

async fn stop(factories: Factories) -> Result<(), Failure> {
    for (stage, handle) in factories {
        stage.stop(None);
        handle.await?;
    }
    Ok(())
}

pub(crate) async fn run<W: Work>(shape: Shape, work: W) -> Result<Vec<u64>, Failure> {
    let window = shape.stages * (shape.workers + shape.capacity);
    let permits = Arc::new(Semaphore::new(window));
    let results = Slots::new(shape.items);
    let target = Target::Slots(results.clone(), Arc::clone(&permits));
    let factories = spawn(shape, work, target).await?;
    for x in 0..shape.items as u64 {
        permits.acquire().await?.forget();
        dispatch(&factories[0].0, x, x)?;
    }
    let _all_done = permits.acquire_many(window as u32).await?;
    stop(factories).await?;
    Ok(results.take())
}

/// Stages that wait for one item after the other.
pub(crate) struct Started {
    factories: Factories,
    results: mpsc::Receiver<u64>,
}

pub(crate) async fn start<W: Work>(shape: Shape, work: W) -> Result<Started, Failure> {
    let (sender, results) = mpsc::channel(1);
    let factories = spawn(shape, work, Target::Caller(sender)).await?;
    Ok(Started { factories, results })
}

impl RoundTrip for Started {
    async fn trip(&mut self, x: u64) -> Result<u64, Failure> {
        dispatch(&self.factories[0].0, x, x)?;
        let result = self.results.recv().await;
        Ok(result.ok_or("the stages have ended")?)
    }
}
