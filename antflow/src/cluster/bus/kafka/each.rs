//! Hears everything: all partitions, from their ends on.

use std::collections::HashSet;

use rdkafka::consumer::Consumer as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::time::Instant;

use super::super::BusError;
use super::client::Consumer;
use super::desk::Demand;
use super::listen::{Listener, Ready};

/// A group that nobody is a member of: librdkafka wants a name.
const NO_GROUP: &str = "antflow";

type Partitions = HashSet<(String, i32)>;

pub(super) async fn hear(listener: &Listener, ready: Ready) {
    let begun = begin(listener);
    let (consumer, partitions) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            // Whoever subscribed may be gone.
            let _ = ready.send(Err(error));
            return;
        }
    };
    if ready.send(Ok(())).is_ok() {
        serve(listener, &consumer, partitions).await;
    }
}

/// Begins at the ends that the partitions have now: all that is said later is behind them.
fn begin(listener: &Listener) -> Result<(Consumer, Partitions), BusError> {
    let consumer = listener.consumer(NO_GROUP)?;
    let mut known = Partitions::new();
    let mut ends = TopicPartitionList::new();
    for (name, _) in &listener.topics {
        for partition in listener.partitions(&consumer, name)? {
            let end = Offset::Offset(listener.end_of(&consumer, name, partition)?);
            ends.add_partition_offset(name, partition, end)
                .map_err(|error| listener.error("listening", error))?;
            known.insert((name.clone(), partition));
        }
    }
    listener.patiently("listening", || consumer.assign(&ends))?;
    Ok((consumer, known))
}

async fn serve(listener: &Listener, consumer: &Consumer, mut known: Partitions) {
    let desk = &listener.desk;
    let refresh = listener.clients.refresh();
    let mut look = refresh.map(|refresh| Instant::now() + refresh);
    loop {
        let demand = desk.demand();
        if demand == Demand::End {
            return;
        }
        let looks = async {
            match look {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = listener.closing.cancelled() => return,
            () = desk.asked() => {}
            heard = consumer.recv(), if demand == Demand::Post => listener.put(heard),
            () = looks => {
                if let Err(error) = add_new(listener, consumer, &mut known) {
                    crate::log::error!(%error, "new partitions could not be looked for");
                }
                look = refresh.map(|refresh| Instant::now() + refresh);
            }
        }
    }
}

/// Listens to partitions that were added, from their beginning: they were empty when this last looked.
fn add_new(
    listener: &Listener,
    consumer: &Consumer,
    known: &mut Partitions,
) -> Result<(), BusError> {
    for (name, _) in &listener.topics {
        for partition in listener.partitions(consumer, name)? {
            let place = (name.clone(), partition);
            if known.contains(&place) {
                continue;
            }
            listener.patiently("listening to a new partition", || {
                let mut new = TopicPartitionList::new();
                new.add_partition_offset(name, partition, Offset::Beginning)?;
                consumer.incremental_assign(&new)
            })?;
            known.insert(place);
        }
    }
    Ok(())
}
