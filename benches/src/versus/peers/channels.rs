//! A pool of tasks per stage, with a bounded channel in front of each.
//!
//! What many programs are written as by hand. Jobs carry the index of their item, and the results are put in order by
//! it when they come out.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

use super::super::fan::Waiting;
use super::super::latency::RoundTrip;
use super::super::measure::Failure;
use super::super::work::Work;
use super::super::workload::Shape;

/// The index of an item, and its value so far.
pub(crate) type Job = (usize, u64);

/// A bounded channel of many senders and many receivers.
pub(crate) trait Channel: Send + Sync + 'static {
    type Sender: Clone + Send + Sync + 'static;
    type Receiver: Clone + Send + Sync + 'static;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver);

    /// Whether there was still somebody to receive it.
    fn send(sender: &Self::Sender, job: Job) -> impl Future<Output = bool> + Send;

    /// The next job; none once all senders are gone.
    fn recv(receiver: &Self::Receiver) -> impl Future<Output = Option<Job>> + Send;
}

/// Channels whose two ends need nothing around them.
macro_rules! channel {
    ($(#[$doc:meta])* $name:ident: $sender:ty, $receiver:ty = $new:expr, $send:ident, $recv:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl Channel for $name {
            type Sender = $sender;
            type Receiver = $receiver;

            fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
                $new(capacity)
            }

            async fn send(sender: &Self::Sender, job: Job) -> bool {
                sender.$send(job).await.is_ok()
            }

            async fn recv(receiver: &Self::Receiver) -> Option<Job> {
                receiver.$recv().await.ok()
            }
        }
    };
}

channel! {
    /// `async-channel`.
    AsyncChannel: async_channel::Sender<Job>, async_channel::Receiver<Job> = async_channel::bounded, send, recv
}
channel! {
    /// `flume`.
    Flume: flume::Sender<Job>, flume::Receiver<Job> = flume::bounded, send_async, recv_async
}
channel! {
    /// `kanal`.
    Kanal: kanal::AsyncSender<Job>, kanal::AsyncReceiver<Job> = kanal::bounded_async, send, recv
}
channel! {
    /// `crossfire`.
    Crossfire: crossfire::MAsyncTx<crossfire::mpmc::Array<Job>>, crossfire::MAsyncRx<crossfire::mpmc::Array<Job>>
        = crossfire::mpmc::bounded_async, send, recv
}

/// Tokio's own channel has one receiver, which the workers of a stage share behind a mutex.
#[derive(Debug)]
pub(crate) enum TokioMpsc {}

impl Channel for TokioMpsc {
    type Sender = mpsc::Sender<Job>;
    type Receiver = Arc<Mutex<mpsc::Receiver<Job>>>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        let (sender, receiver) = mpsc::channel(capacity);
        (sender, Arc::new(Mutex::new(receiver)))
    }

    async fn send(sender: &Self::Sender, job: Job) -> bool {
        sender.send(job).await.is_ok()
    }

    async fn recv(receiver: &Self::Receiver) -> Option<Job> {
        receiver.lock().await.recv().await
    }
}

/// Stages that were started: where jobs go in, and where they come out.
pub(crate) struct Pool<C: Channel> {
    input: C::Sender,
    output: C::Receiver,
}

/// Starts the workers of all stages.
pub(crate) async fn start<C: Channel, W: Work>(shape: Shape, work: W) -> Result<Pool<C>, Failure> {
    let (input, mut output) = C::bounded(shape.capacity);
    for _ in 0..shape.stages {
        let (down, next) = C::bounded(shape.capacity);
        for _ in 0..shape.workers {
            let (up, down) = (output.clone(), down.clone());
            tokio::spawn(async move {
                while let Some((index, x)) = C::recv(&up).await {
                    if !C::send(&down, (index, work.call(x).await)).await {
                        break;
                    }
                }
            });
        }
        output = next;
    }
    Ok(Pool { input, output })
}

/// All items from one feeding task, all results in order at the end.
pub(crate) async fn run<C: Channel, W: Work>(shape: Shape, work: W) -> Result<Vec<u64>, Failure> {
    start::<C, W>(shape, work).await?.finish(shape.items).await
}

impl<C: Channel> Waiting for Pool<C> {
    async fn finish(self, items: usize) -> Result<Vec<u64>, Failure> {
        let Self { input, output } = self;
        let feeding = tokio::spawn(async move {
            for index in 0..items {
                if !C::send(&input, (index, index as u64)).await {
                    break;
                }
            }
        });
        let mut results = vec![0; items];
        let mut count = 0;
        while let Some((index, x)) = C::recv(&output).await {
            results[index] = x;
            count += 1;
        }
        feeding.await?;
        if count == items {
            Ok(results)
        } else {
            Err(format!("{items} items gave {count} results").into())
        }
    }
}

impl<C: Channel> RoundTrip for Pool<C> {
    async fn trip(&mut self, x: u64) -> Result<u64, Failure> {
        if !C::send(&self.input, (0, x)).await {
            return Err("the stages have ended".into());
        }
        let (_, x) = C::recv(&self.output).await.ok_or("the stages have ended")?;
        Ok(x)
    }
}
