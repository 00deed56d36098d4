//! What cases share: buses to one broker, posts, and ways to listen that do not hang.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::bus::{Audience, Bus, BusError, Inbox, Post};
use antflow::cluster::protocol::Topic;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, timeout};

use crate::{millis, seconds};

/// How long a case may take.
const CASE: Duration = seconds(110);

/// How long a post may take to be heard.
const HEARD: Duration = seconds(60);

/// How long a call may take while there is no broker.
pub const CALL: Duration = seconds(40);

/// How long nothing has to come before it counts as nothing.
const SILENCE: Duration = millis(400);

/// What gives a bus.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = Result<Arc<dyn Bus>, BusError>> + Send + 'a>>;

/// What an engine gives to the suite beside its bus.
pub trait Broker: fmt::Debug + Send + Sync {
    /// Connects to the same bus once more, as another process does.
    fn another(&self) -> Connecting<'_>;

    /// Closes the bus of the bench, as its owner does.
    fn close(&self);

    /// Connects to a bus with another prefix on the same broker. For [`broker_suite!`](macro@crate::broker_suite).
    fn stranger(&self) -> Connecting<'_> {
        unimplemented("stranger")
    }

    /// Kills the broker. For [`broker_suite!`](macro@crate::broker_suite).
    fn stop_broker(&self) {
        unimplemented("stop_broker")
    }

    /// Starts the broker again. For [`broker_suite!`](macro@crate::broker_suite).
    fn start_broker(&self) {
        unimplemented("start_broker")
    }

    /// Do members of a group share topics, and not posts, so that one who does not ask holds its share back?
    fn deals_in_shares(&self) -> bool {
        false
    }
}

fn unimplemented(hook: &str) -> ! {
    panic!("this bus has no broker of its own: `{hook}` is for `broker_suite!`")
}

/// A bus on which nothing was said, and what cases do with it.
#[derive(Debug)]
pub struct BusBench {
    /// The bus.
    pub bus: Arc<dyn Bus>,
    /// Its engine.
    pub broker: Box<dyn Broker>,
}

/// Runs a case, and fails instead of hanging.
pub async fn case(case: impl Future<Output = ()>) {
    let ended = timeout(CASE, Box::pin(case)).await;
    assert!(ended.is_ok(), "this hangs: it did not end within {CASE:?}");
}

/// Where hints for a role are said.
#[must_use]
pub fn commands(role: &str) -> Topic {
    Topic::Commands(role.into())
}

/// A group of this name.
#[must_use]
pub fn group(name: &str) -> Audience {
    Audience::OneOf(name.to_owned())
}

/// A post with this text.
#[must_use]
pub fn post(topic: &Topic, key: &str, text: &str) -> Post {
    Post {
        topic: topic.clone(),
        key: key.to_owned(),
        bytes: text.as_bytes().into(),
    }
}

/// What a post says.
#[must_use]
pub fn text(post: &Post) -> String {
    String::from_utf8_lossy(&post.bytes).into_owned()
}

/// Texts that differ.
pub fn texts(n: usize) -> impl Iterator<Item = String> {
    (0..n).map(|n| format!("post {n:04}"))
}

impl BusBench {
    /// Connects to the same bus once more, as another process does.
    pub async fn another(&self) -> Arc<dyn Bus> {
        self.broker.another().await.expect("it connects")
    }

    /// Says texts one after the other.
    pub async fn say(&self, topic: &Topic, texts: impl IntoIterator<Item = String>) {
        for text in texts {
            said(&*self.bus, post(topic, "", &text)).await;
        }
    }

    /// Listens to one topic.
    pub async fn listen(&self, topic: &Topic, audience: Audience) -> Box<dyn Inbox> {
        listen(&*self.bus, [topic], audience).await
    }

    /// Kills the broker.
    pub fn stop_broker(&self) {
        block_in_place(|| self.broker.stop_broker());
    }

    /// Starts the broker again.
    pub fn start_broker(&self) {
        block_in_place(|| self.broker.start_broker());
    }
}

/// Listens on a bus.
pub async fn listen<const N: usize>(
    bus: &dyn Bus,
    topics: [&Topic; N],
    audience: Audience,
) -> Box<dyn Inbox> {
    let topics = topics.map(Clone::clone).into();
    let inbox = timeout(HEARD, bus.subscribe(topics, audience)).await;
    inbox
        .expect("subscribing hangs")
        .expect("it may be listened to")
}

/// Says a post on a bus.
pub async fn said(bus: &dyn Bus, post: Post) {
    let published = timeout(HEARD, bus.publish(post)).await;
    published.expect("publishing hangs").expect("it is taken");
}

/// The next post.
pub async fn next(inbox: &mut dyn Inbox) -> Post {
    let heard = timeout(HEARD, inbox.next()).await;
    let heard = heard.expect("nothing is heard");
    heard
        .expect("the bus is open")
        .expect("nothing is wrong with it")
}

/// So many posts.
pub async fn heard(inbox: &mut dyn Inbox, n: usize) -> Vec<Post> {
    let mut posts = Vec::with_capacity(n);
    for _ in 0..n {
        posts.push(next(inbox).await);
    }
    posts
}

/// The texts of so many posts.
pub async fn heard_texts(inbox: &mut dyn Inbox, n: usize) -> Vec<String> {
    let posts = heard(inbox, n).await;
    posts.iter().map(text).collect()
}

/// Makes sure that nothing more comes.
pub async fn silent(inbox: &mut dyn Inbox) {
    let heard = timeout(SILENCE, inbox.next()).await;
    assert!(heard.is_err(), "more is heard: {heard:?}");
}

/// Waits for a post with this text, whatever comes before it and whatever goes wrong on the way.
pub async fn comes_to(inbox: &mut dyn Inbox, wanted: &str) {
    let begun = Instant::now();
    while begun.elapsed() < HEARD {
        match timeout(HEARD, inbox.next()).await {
            Ok(Some(Ok(post))) if text(&post) == wanted => return,
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(_))) => tokio::time::sleep(millis(50)).await,
            Ok(None) => panic!("the inbox has ended"),
            Err(_) => break,
        }
    }
    panic!("`{wanted}` is not heard");
}

/// Inboxes that listen all the time, each for itself.
#[derive(Debug)]
pub struct Hearers {
    heard: mpsc::UnboundedReceiver<(usize, Post)>,
    _tasks: JoinSet<()>,
}

impl Hearers {
    /// Lets inboxes listen.
    #[must_use]
    pub fn new<const N: usize>(inboxes: [Box<dyn Inbox>; N]) -> Self {
        let (sender, heard) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        for (place, mut inbox) in inboxes.into_iter().enumerate() {
            let sender = sender.clone();
            tasks.spawn(async move {
                while let Some(heard) = inbox.next().await {
                    match heard {
                        // Nobody listens behind the end of the case.
                        Ok(post) => drop(sender.send((place, post))),
                        Err(_) => tokio::time::sleep(millis(50)).await,
                    }
                }
            });
        }
        Self {
            heard,
            _tasks: tasks,
        }
    }

    /// Waits until so many different texts were heard, and then for silence. Gives who has heard each, in order.
    pub async fn all(&mut self, n: usize) -> BTreeMap<String, Vec<usize>> {
        let mut all = BTreeMap::<_, Vec<_>>::new();
        loop {
            let bound = if all.len() < n { HEARD } else { SILENCE };
            match timeout(bound, self.heard.recv()).await {
                Ok(Some((place, post))) => all.entry(text(&post)).or_default().push(place),
                Ok(None) => panic!("all inboxes have ended"),
                Err(_) if all.len() < n => panic!("{} of {n} posts are heard", all.len()),
                Err(_) => return all,
            }
        }
    }

    /// As [`all`](Self::all); each text is heard once.
    pub async fn all_once(&mut self, n: usize) -> BTreeMap<String, usize> {
        let all = self.all(n).await;
        assert_eq!(all.len(), n, "more is heard than was said");
        let once = all.into_iter().map(|(text, places)| match *places {
            [place] => (text, place),
            _ => panic!("`{text}` is heard {} times", places.len()),
        });
        once.collect()
    }
}
