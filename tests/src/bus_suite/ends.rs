//! What becomes of who speaks and who listens when a bus is closed.

use antflow::cluster::bus::{Audience, BusError, Inbox};
use antflow::cluster::protocol::Topic;
use tokio::time::timeout;

use super::bench::{BusBench, commands, group, heard_texts, listen, post, said, texts};
use crate::seconds;

/// Waits for the end of an inbox, whatever it still has to say.
async fn ends(inbox: &mut dyn Inbox) {
    let end = async { while inbox.next().await.is_some() {} };
    let ended = timeout(seconds(30), end).await;
    assert!(ended.is_ok(), "the inbox does not end");
}

/// Who waits is woken, who speaks is told, and nobody can listen any more. Closing again does nothing.
pub async fn a_closed_bus_takes_nothing_and_ends_its_inboxes(bench: BusBench) {
    let mut each = bench.listen(&Topic::Signals, Audience::Each).await;
    let mut of_group = bench.listen(&commands("r"), group("r")).await;
    let waiting = tokio::spawn(async move { ends(&mut *each).await });
    tokio::task::yield_now().await;
    bench.broker.close();
    waiting.await.unwrap();
    ends(&mut *of_group).await;
    let refused = bench.bus.publish(post(&Topic::Signals, "", "a")).await;
    assert!(matches!(refused, Err(BusError::Closed)), "{refused:?}");
    let topics = vec![Topic::Signals];
    let refused = bench.bus.subscribe(topics, Audience::Each).await;
    assert!(matches!(refused, Err(BusError::Closed)), "{refused:?}");
    bench.broker.close();
}

/// Only who has closed it is closed, and its share goes to the others. In process, there are no others.
pub async fn others_go_on_when_one_is_closed(bench: BusBench) {
    if bench.bus.is_in_process() {
        return;
    }
    let topic = commands("r");
    let other = bench.another().await;
    let mut goes = bench.listen(&topic, group("r")).await;
    let mut stays = listen(&*other, [&topic], group("r")).await;
    bench.broker.close();
    ends(&mut *goes).await;
    for text in texts(10) {
        said(&*other, post(&topic, "", &text)).await;
    }
    let mut taken = heard_texts(&mut *stays, 10).await;
    taken.sort();
    assert_eq!(taken, texts(10).collect::<Vec<_>>());
}
