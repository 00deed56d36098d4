//! Brokers that are shared, and brokers that are killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use antflow::cluster::bus::{Audience, Bus, Inbox};
use antflow::cluster::protocol::Topic;
use tokio::time::timeout;

use super::bench::{
    BusBench, CALL, comes_to, commands, group, heard_texts, listen, post, said, silent,
};
use crate::{millis, seconds};

/// Prefixes keep them apart.
pub async fn two_clusters_on_one_broker_hear_nothing_of_each_other(bench: BusBench) {
    let stranger = bench.broker.stranger().await.expect("it connects");
    let mut inboxes = Vec::new();
    for topic in [Topic::Signals, commands("r"), Topic::Runs] {
        for audience in [Audience::Each, group("r")] {
            let mine = bench.listen(&topic, audience.clone()).await;
            let strange = listen(&*stranger, [&topic], audience).await;
            inboxes.push((topic.clone(), mine, strange));
        }
    }
    for topic in [Topic::Signals, commands("r"), Topic::Runs] {
        bench.say(&topic, ["mine".to_owned()]).await;
        said(&*stranger, post(&topic, "", "strange")).await;
    }
    for (_, mine, strange) in &mut inboxes {
        assert_eq!(heard_texts(&mut **mine, 1).await, ["mine"]);
        assert_eq!(heard_texts(&mut **strange, 1).await, ["strange"]);
        silent(&mut **mine).await;
        silent(&mut **strange).await;
    }
}

/// Says a post again and again until the inbox hears it.
async fn goes_on(bus: &Arc<dyn Bus>, topic: &Topic, inbox: &mut dyn Inbox, wanted: &str) {
    let says = async {
        loop {
            let published = timeout(CALL, bus.publish(post(topic, "", wanted))).await;
            // Errors are what is to be expected for a while.
            drop(published.expect("publishing hangs"));
            tokio::time::sleep(millis(200)).await;
        }
    };
    tokio::select! {
        () = comes_to(inbox, wanted) => {}
        () = says => {}
    }
}

/// Nobody has to do anything for it: the same buses and the same inboxes go on.
pub async fn it_heals_after_the_broker_was_killed(bench: BusBench) {
    let other = bench.another().await;
    let topics = [Topic::Signals, commands("r"), Topic::Runs];
    let mut inboxes = Vec::new();
    for topic in &topics {
        inboxes.push((topic, listen(&*other, [topic], Audience::Each).await));
        inboxes.push((topic, listen(&*other, [topic], group("r")).await));
    }
    for (topic, inbox) in &mut inboxes {
        goes_on(&bench.bus, topic, &mut **inbox, "before").await;
    }
    for round in ["first", "second"] {
        bench.stop_broker();
        for topic in &topics {
            let published = timeout(CALL, bench.bus.publish(post(topic, "", "between"))).await;
            // Refused or kept for later: as the engine can.
            drop(published.expect("publishing hangs while there is no broker"));
        }
        bench.start_broker();
        for (topic, inbox) in &mut inboxes {
            goes_on(&bench.bus, topic, &mut **inbox, round).await;
        }
    }
}

/// With posts on their way in both directions.
pub async fn it_heals_when_the_broker_is_killed_under_load(bench: BusBench) {
    let topic = commands("r");
    let other = bench.another().await;
    let ends = Arc::new(AtomicBool::new(false));
    let (said, heard) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for (speaker, bus) in [&bench.bus, &other].into_iter().enumerate() {
        let (bus, topic) = (Arc::clone(bus), topic.clone());
        let (ends, said) = (Arc::clone(&ends), Arc::clone(&said));
        tasks.spawn(async move {
            let mut n = 0;
            while !ends.load(Ordering::Relaxed) {
                n += 1;
                let text = format!("{speaker} {n}");
                let published = timeout(CALL, bus.publish(post(&topic, "", &text))).await;
                match published.expect("publishing hangs") {
                    Ok(()) => drop(said.fetch_add(1, Ordering::Relaxed)),
                    Err(_) => tokio::time::sleep(millis(50)).await,
                }
            }
        });
    }
    for bus in [&bench.bus, &other] {
        let mut inbox = listen(&**bus, [&topic], group("r")).await;
        let (ends, heard) = (Arc::clone(&ends), Arc::clone(&heard));
        tasks.spawn(async move {
            while !ends.load(Ordering::Relaxed) {
                match timeout(millis(500), inbox.next()).await {
                    Ok(Some(Ok(_))) => drop(heard.fetch_add(1, Ordering::Relaxed)),
                    Ok(Some(Err(_))) => tokio::time::sleep(millis(50)).await,
                    Ok(None) => panic!("the inbox has ended"),
                    Err(_) => {}
                }
            }
        });
    }
    let more = |counter: Arc<AtomicUsize>, what: &'static str| async move {
        let before = counter.load(Ordering::Relaxed);
        let grows = async {
            while counter.load(Ordering::Relaxed) < before + 20 {
                tokio::time::sleep(millis(20)).await;
            }
        };
        assert!(
            timeout(seconds(60), grows).await.is_ok(),
            "nothing is {what}"
        );
    };
    for _ in 0..2 {
        more(Arc::clone(&said), "said").await;
        more(Arc::clone(&heard), "heard").await;
        bench.stop_broker();
        tokio::time::sleep(millis(300)).await;
        bench.start_broker();
    }
    more(said, "said").await;
    more(heard, "heard").await;
    ends.store(true, Ordering::Relaxed);
    tasks.join_all().await;
}

/// By an error, in time; and who asks again later is heard.
pub async fn who_comes_while_the_broker_is_away_is_told(bench: BusBench) {
    bench.stop_broker();
    let another = timeout(CALL, bench.broker.another()).await;
    assert!(another.expect("connecting hangs").is_err());
    let topics = vec![commands("r")];
    let subscribed = timeout(CALL, bench.bus.subscribe(topics, group("r"))).await;
    // Some listen at once, and hear when there is something to be heard.
    drop(subscribed.expect("subscribing hangs"));
    bench.start_broker();
    let begun = tokio::time::Instant::now();
    let mut inbox = loop {
        let topics = vec![commands("r")];
        match bench.bus.subscribe(topics, group("r")).await {
            Ok(inbox) => break inbox,
            Err(error) => assert!(begun.elapsed() < seconds(60), "{error}"),
        }
        tokio::time::sleep(millis(100)).await;
    };
    goes_on(&bench.bus, &commands("r"), &mut *inbox, "again").await;
}
