//! Hears what a member of a group has to hear: one post at a time, and only when it is asked for one.

use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::time::{Instant, sleep, sleep_until};

use super::super::BusError;
use super::client::Consumer;
use super::desk::Demand;
use super::listen::{Listener, Ready};
use super::{ANSWER, error};

/// How long a member that is not asked for a post goes on fetching them: who asks again at once need not wait.
const GRACE: Duration = Duration::from_millis(50);

pub(super) async fn hear(listener: &Listener, group: &str, ready: Ready) {
    let begun = match begin(listener, group) {
        Ok((consumer, true)) => join(listener, &consumer).await.map(|()| consumer),
        Ok((consumer, false)) => Ok(consumer),
        Err(error) => Err(error),
    };
    match begun {
        Ok(consumer) => {
            if ready.send(Ok(())).is_ok() {
                serve(listener, &consumer).await;
            }
            // What was given last.
            consumer.context().settle(&consumer);
        }
        Err(error) => {
            // Whoever subscribed may be gone.
            let _ = ready.send(Err(error));
        }
    }
}

/// Becomes a member; says whether it is the first one that ever was.
fn begin(listener: &Listener, group: &str) -> Result<(Consumer, bool), BusError> {
    let consumer = listener.consumer(group)?;
    let is_first = begin_at_end(listener, &consumer)?;
    let names: Vec<_> = listener.topics.iter().map(|(name, _)| &**name).collect();
    consumer
        .subscribe(&names)
        .map_err(|error| listener.error("joining a group", error))?;
    Ok((consumer, is_first))
}

/// Commits the ends of topics that the group has never heard, so that all that is said from now on is heard, whichever
/// member has its partition by then. Brokers refuse this once the group has members: these have done it.
fn begin_at_end(listener: &Listener, consumer: &Consumer) -> Result<bool, BusError> {
    let mut all = TopicPartitionList::new();
    for (name, _) in &listener.topics {
        for partition in listener.partitions(consumer, name)? {
            all.add_partition(name, partition);
        }
    }
    let committed = listener.patiently("asking what a group has heard", || {
        let committed = consumer.committed_offsets(all.clone(), ANSWER)?;
        for place in committed.elements() {
            place.error()?;
        }
        Ok(committed)
    })?;
    let mut ends = TopicPartitionList::new();
    for (name, _) in &listener.topics {
        let places = committed.elements_for_topic(name);
        if places.iter().any(|place| place.offset() != Offset::Invalid) {
            continue;
        }
        for place in places {
            let end = Offset::Offset(listener.end_of(consumer, name, place.partition())?);
            ends.add_partition_offset(name, place.partition(), end)
                .map_err(|error| listener.error("listening", error))?;
        }
    }
    if ends.count() == 0 {
        return Ok(false);
    }
    listener.patiently("beginning a group", || {
        let begun = consumer.commit(&ends, CommitMode::Sync);
        begun.or_else(|error| match error::code(&error) {
            Some(Code::UnknownMemberId | Code::IllegalGeneration | Code::RebalanceInProgress) => {
                Ok(())
            }
            _ => Err(error),
        })
    })?;
    Ok(true)
}

/// Waits until it is a member: from then on, nobody else can begin the group.
async fn join(listener: &Listener, consumer: &Consumer) -> Result<(), BusError> {
    // A member that died without a word is waited for by the others.
    let latest = Instant::now() + listener.clients.session() + ANSWER;
    while !consumer.context().has_joined() {
        if listener.desk.demand() == Demand::End {
            return Err(BusError::Closed);
        }
        tokio::select! {
            () = listener.closing.cancelled() => return Err(BusError::Closed),
            () = listener.desk.asked() => {}
            heard = consumer.recv() => listener.put(heard),
            () = sleep_until(latest) => {
                let reports = listener.clients.reports();
                return Err(error::unavailable("joining a group", "it takes too long", reports));
            }
        }
    }
    Ok(())
}

/// Polls all the time, as members have to, but fetches only what is asked for.
async fn serve(listener: &Listener, consumer: &Consumer) {
    let desk = &listener.desk;
    let member = consumer.context();
    loop {
        member.settle(consumer);
        let demand = desk.demand();
        let is_paused = match demand {
            Demand::End => return,
            Demand::Post => false,
            Demand::Nothing if member.is_paused() => true,
            Demand::Nothing => {
                tokio::select! {
                    () = listener.closing.cancelled() => return,
                    () = desk.asked() => continue,
                    () = sleep(GRACE) => true,
                }
            }
        };
        if let Err(error) = member.set_paused(consumer, is_paused) {
            desk.fail(listener.error("pausing", error));
            sleep(GRACE).await;
            continue;
        }
        tokio::select! {
            () = listener.closing.cancelled() => return,
            () = desk.asked() => {}
            heard = consumer.recv() => listener.put(heard),
        }
    }
}
