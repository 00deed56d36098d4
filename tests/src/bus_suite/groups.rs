//! Groups, of which one hears each post.

use antflow::cluster::bus::Audience;
use antflow::cluster::protocol::Topic;
use tokio::time::timeout;

use super::bench::{
    BusBench, Hearers, commands, group, heard_texts, listen, next, silent, text, texts,
};
use crate::millis;

/// Several members, two of them in another process.
pub async fn one_of_a_group_hears_each_post(bench: BusBench) {
    let topic = commands("r");
    let other = bench.another().await;
    let mut hearers = Hearers::new([
        bench.listen(&topic, group("r")).await,
        bench.listen(&topic, group("r")).await,
        listen(&*other, [&topic], group("r")).await,
        listen(&*other, [&topic], group("r")).await,
    ]);
    bench.say(&topic, texts(60)).await;
    hearers.all_once(60).await;
}

/// Each of the groups hears all, and who hears all does too.
pub async fn groups_hear_beside_each_other(bench: BusBench) {
    let topic = commands("r");
    let mut of_one = Hearers::new([bench.listen(&topic, group("one")).await]);
    let mut of_other = Hearers::new([
        bench.listen(&topic, group("other")).await,
        bench.listen(&topic, group("other")).await,
    ]);
    let mut each = bench.listen(&topic, Audience::Each).await;
    bench.say(&topic, texts(20)).await;
    of_one.all_once(20).await;
    of_other.all_once(20).await;
    assert_eq!(heard_texts(&mut *each, 20).await.len(), 20);
}

/// As coordinators listen: for work, and for who comes.
pub async fn a_group_hears_several_topics(bench: BusBench) {
    let topics = [commands("r"), Topic::Announce];
    let other = bench.another().await;
    let mut hearers = Hearers::new([
        listen(&*bench.bus, topics.each_ref(), group("g")).await,
        listen(&*other, topics.each_ref(), group("g")).await,
    ]);
    bench.say(&topics[0], texts(10)).await;
    let others = texts(10).map(|text| format!("announced {text}"));
    bench.say(&topics[1], others).await;
    hearers.all_once(20).await;
}

/// A busy member does not ask: the other one takes all.
pub async fn whoever_does_not_ask_holds_nothing_back(bench: BusBench) {
    let topic = commands("r");
    let mut busy = bench.listen(&topic, group("r")).await;
    bench.say(&topic, ["the work".to_owned()]).await;
    assert_eq!(text(&next(&mut *busy).await), "the work");
    takes_the_rest(&bench, &topic, busy).await;
}

/// As before, with a member that waited for a while and went away.
pub async fn whoever_gave_up_waiting_holds_nothing_back(bench: BusBench) {
    let topic = commands("r");
    let mut busy = bench.listen(&topic, group("r")).await;
    assert!(timeout(millis(300), busy.next()).await.is_err());
    takes_the_rest(&bench, &topic, busy).await;
}

async fn takes_the_rest(
    bench: &BusBench,
    topic: &Topic,
    mut busy: Box<dyn antflow::cluster::bus::Inbox>,
) {
    let other = bench.another().await;
    let mut idle = listen(&*other, [topic], group("r")).await;
    bench.say(topic, texts(20)).await;
    if bench.broker.deals_in_shares() {
        let mut both = Hearers::new([busy, idle]);
        both.all(20).await;
        return;
    }
    let mut taken = heard_texts(&mut *idle, 20).await;
    taken.sort();
    assert_eq!(taken, texts(20).collect::<Vec<_>>());
    silent(&mut *busy).await;
}

/// Members that go leave what is said to the others, and what they were about to hear.
pub async fn an_inbox_that_is_dropped_leaves_its_share(bench: BusBench) {
    let topic = commands("r");
    let other = bench.another().await;
    let mut stays = listen(&*other, [&topic], group("r")).await;
    let mut goes = bench.listen(&topic, group("r")).await;
    assert!(timeout(millis(50), goes.next()).await.is_err());
    bench.say(&topic, texts(10)).await;
    drop(goes);
    let mut taken = heard_texts(&mut *stays, 10).await;
    taken.sort();
    assert_eq!(taken, texts(10).collect::<Vec<_>>());
    bench.say(&topic, texts(10)).await;
    assert_eq!(heard_texts(&mut *stays, 10).await.len(), 10);
}

/// However often somebody begins to wait and goes away.
pub async fn a_wait_that_is_dropped_loses_nothing(bench: BusBench) {
    for audience in [Audience::Each, group("r")] {
        let topic = match audience {
            Audience::Each => Topic::Signals,
            Audience::OneOf(_) => commands("r"),
        };
        let mut inbox = bench.listen(&topic, audience).await;
        let says = async {
            for said in texts(100) {
                bench.say(&topic, [said]).await;
                tokio::time::sleep(millis(2)).await;
            }
        };
        let hears = async {
            let mut all = Vec::new();
            let mut round = 0;
            while all.len() < 100 {
                round += 1;
                if let Ok(heard) = timeout(millis(round % 6), inbox.next()).await {
                    let post = heard.expect("the bus is open").expect("it is well");
                    all.push(text(&post));
                }
            }
            all
        };
        let ((), mut all) = tokio::join!(says, hears);
        all.sort();
        assert_eq!(all, texts(100).collect::<Vec<_>>());
        silent(&mut *inbox).await;
    }
}
