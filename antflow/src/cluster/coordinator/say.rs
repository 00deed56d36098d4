use std::time::Duration;

use tokio::sync::{Mutex, mpsc};

use super::shared::Shared;
use crate::cluster::bus::Post;
use crate::cluster::hints;
use crate::cluster::protocol::{Envelope, Message, Topic, Warning};
use crate::cluster::store::Effects;

/// Says on the bus what may be lost, without anybody waiting for the bus.
#[derive(Debug, Clone)]
pub(crate) struct Mouth(mpsc::Sender<Post>);

/// What waits to be said.
pub(super) type Waiting = Mutex<mpsc::Receiver<Post>>;

/// How many posts wait at most; beyond that they are dropped: whoever misses one finds the work in the store.
const WAITING: usize = 1024;

/// How long the bus may take for a post.
const LONGEST: Duration = Duration::from_secs(10);

impl Mouth {
    pub(super) fn new() -> (Self, Waiting) {
        let (posts, waiting) = mpsc::channel(WAITING);
        (Self(posts), Mutex::new(waiting))
    }

    /// Hints to others what follows for them.
    pub(crate) fn say_effects(&self, effects: Effects) {
        for post in hints::posts(effects) {
            self.say(post);
        }
    }

    fn say(&self, post: Post) -> bool {
        self.0.try_send(post).is_ok()
    }
}

impl Shared {
    /// Warns, in the log and on the bus.
    pub(super) fn warn(&self, code: &str, text: String) {
        self.counters.warnings.one();
        self.log(code, &text);
        self.tell_observers(|observer| observer.warned(code, &text));
        let warning = Warning {
            code: code.into(),
            text,
        };
        let envelope = Envelope::new(Message::Warning(warning)).worker(self.key.clone());
        if !self.mouth.say(Post::new(Topic::Warnings, &envelope)) {
            self.counters.unsaid.one();
        }
    }

    /// Says what waits to be said, and what comes.
    pub(super) async fn tell(&self) {
        let mut waiting = self.waiting.lock().await;
        while let Some(post) = waiting.recv().await {
            self.publish(post).await;
        }
    }

    /// Says what waits to be said.
    pub(super) async fn tell_rest(&self) {
        let mut waiting = self.waiting.lock().await;
        while let Ok(post) = waiting.try_recv() {
            self.publish(post).await;
        }
    }

    async fn publish(&self, post: Post) {
        let error = match tokio::time::timeout(LONGEST, self.bus.publish(post)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the bus does not answer".to_owned(),
        };
        self.counters.unsaid.one();
        self.log("saying something on the bus", &error);
    }
}
