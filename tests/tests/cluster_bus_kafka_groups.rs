//! What becomes of what is said to a group of Kafka while its members come, go, die, or are busy?

#![allow(clippy::unwrap_used, reason = "a test fails by it, and says where")]

mod kafka;

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use antflow::cluster::bus::{Bus, Inbox, KafkaBus};
use antflow_tests::servers::Kafka;
use antflow_tests::{millis, seconds};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use kafka::{group, listen, post, text, texts};

/// What a process is told: the URL.
const URL: &str = "ANTFLOW_TEST_KAFKA_MEMBER";

/// A URL whose members are missed after a second.
fn brisk() -> String {
    format!(
        "{}&session.timeout.ms=1000&heartbeat.interval.ms=200&max.poll.interval.ms=1500",
        Kafka::shared().fresh()
    )
}

type Found = Arc<Mutex<Vec<String>>>;

/// A member that hears all the time, until it is aborted.
fn member(mut inbox: Box<dyn Inbox>, found: &Found) -> JoinHandle<()> {
    let found = Arc::clone(found);
    tokio::spawn(async move {
        while let Some(heard) = inbox.next().await {
            match heard {
                Ok(post) => found.lock().unwrap().push(text(&post)),
                Err(_) => tokio::time::sleep(millis(50)).await,
            }
        }
    })
}

async fn say_all(bus: &KafkaBus, texts: &[String], pause: Duration) {
    for text in texts {
        bus.publish(post(text, text)).await.unwrap();
        tokio::time::sleep(pause).await;
    }
}

/// Waits until all of these were heard, by whomever.
async fn hears_all(found: &Found, texts: &[String]) {
    let all: BTreeSet<_> = texts.iter().cloned().collect();
    let hears = async {
        loop {
            let heard: BTreeSet<_> = found.lock().unwrap().iter().cloned().collect();
            if heard.is_superset(&all) {
                return;
            }
            tokio::time::sleep(millis(20)).await;
        }
    };
    if timeout(kafka::LONG, hears).await.is_err() {
        let heard: BTreeSet<_> = found.lock().unwrap().iter().cloned().collect();
        let missing: Vec<_> = all.difference(&heard).collect();
        panic!("{missing:?} were not heard");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_members_come_and_go() {
    let url = brisk();
    let bus = KafkaBus::connect(&url).await.unwrap();
    let found = Found::default();
    let stays = member(listen(&bus, group("g")).await, &found);
    let all = texts(0..600);
    let (speaker, said) = (bus.clone(), all.clone());
    let speaks = tokio::spawn(async move { say_all(&speaker, &said, millis(10)).await });
    for round in 0..4 {
        let other = KafkaBus::connect(&url).await.unwrap();
        let comes = member(listen(&other, group("g")).await, &found);
        let also = member(listen(&bus, group("g")).await, &found);
        tokio::time::sleep(millis(400 * (round % 3))).await;
        // Whatever they were about to hear is left to the others.
        comes.abort();
        also.abort();
    }
    speaks.await.unwrap();
    hears_all(&found, &all).await;
    stays.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_is_killed_leaves_its_share_to_the_others() {
    let url = brisk();
    let bus = KafkaBus::connect(&url).await.unwrap();
    let found = Found::default();
    let stays = member(listen(&bus, group("g")).await, &found);
    let mut other = start(&url);
    let all = texts(0..300);
    for (number, text) in all.iter().enumerate() {
        bus.publish(post(text, text)).await.unwrap();
        tokio::time::sleep(millis(10)).await;
        if number == 200 {
            other.kill().unwrap();
            other.wait().unwrap();
        }
    }
    // What the other one has heard is gone with it. It hears a share at most, and nothing after its end.
    hears_all(&found, &all[201..]).await;
    stays.abort();
}

fn start(url: &str) -> Child {
    let this = std::env::current_exe().expect("this program has a file");
    let mut command = Command::new(this);
    command.args(["--exact", "what_the_member_does", "--nocapture"]);
    command.env(URL, url).stdout(Stdio::null());
    command.spawn().expect("it starts")
}

/// The work of the process above; nothing when it is run as a test.
#[tokio::test]
async fn what_the_member_does() {
    let Ok(url) = std::env::var(URL) else {
        return;
    };
    let bus = KafkaBus::connect(&url).await.unwrap();
    let mut inbox = listen(&bus, group("g")).await;
    while inbox.next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_busy_for_long_stays_a_member() {
    let url = brisk();
    let bus = KafkaBus::connect(&url).await.unwrap();
    let mut busy = listen(&bus, group("g")).await;
    let found = Found::default();
    let idle = member(listen(&bus, group("g")).await, &found);
    // Both have a share.
    let mut said = BTreeSet::new();
    let mut taken = BTreeSet::new();
    while taken.is_empty() || found.lock().unwrap().is_empty() {
        let text = format!("at first {}", said.len());
        bus.publish(post(&text, &text)).await.unwrap();
        said.insert(text);
        if let Ok(heard) = timeout(millis(50), busy.next()).await {
            taken.insert(text_of(heard));
        }
    }
    // Longer than it may be silent, and than it may not poll.
    let later: Vec<_> = (0..40).map(|number| format!("later {number}")).collect();
    say_all(&bus, &later, millis(100)).await;
    tokio::time::sleep(seconds(1)).await;
    let of_idle: BTreeSet<_> = found.lock().unwrap().iter().cloned().collect();
    let waiting: BTreeSet<_> = later
        .iter()
        .filter(|text| !of_idle.contains(*text))
        .cloned()
        .collect();
    assert!(!waiting.is_empty(), "its share has gone to the other one");
    assert!(waiting.len() < later.len(), "the other one has no share");
    // It hears what has waited for it, as if it had asked all the time.
    while !waiting.is_subset(&taken) {
        let heard = timeout(kafka::LONG, busy.next()).await.unwrap();
        taken.insert(text_of(heard));
    }
    idle.abort();
    let of_idle: BTreeSet<_> = found.lock().unwrap().iter().cloned().collect();
    let both: Vec<_> = waiting.intersection(&of_idle).collect();
    assert!(both.is_empty(), "{both:?} were heard twice");
}

fn text_of(
    heard: Option<Result<antflow::cluster::bus::Post, antflow::cluster::bus::BusError>>,
) -> String {
    text(&heard.expect("the bus is open").unwrap())
}
