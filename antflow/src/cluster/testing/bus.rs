use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

use crate::cluster::bus::{Audience, Bus, BusError, BusFuture, Inbox, Post};
use crate::cluster::protocol::Topic;

/// A bus that loses, repeats, delays and reorders what is said, by a seed.
///
/// The faults of a topic are a function of the seed and of how many posts were said on it before, whatever is said
/// elsewhere. Clones are the same bus.
///
/// ```
/// use std::sync::Arc;
/// use antflow::cluster::bus::{Bus, InProcessBus, Post};
/// use antflow::cluster::protocol::{Envelope, Message, Topic};
/// use antflow::cluster::testing::{BusFaults, FaultyBus};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::cluster::bus::BusError> {
/// let bus = FaultyBus::over(Arc::new(InProcessBus::new()), 7);
/// bus.set_faults(BusFaults { lost: 0.5, ..BusFaults::default() });
/// for _ in 0..100 {
///     bus.publish(Post::new(Topic::Query, &Envelope::new(Message::Query))).await?;
/// }
/// let lost = bus.counts().lost;
/// assert!(lost > 20 && lost < 80);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FaultyBus {
    inner: Arc<dyn Bus>,
    seed: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    faults: BusFaults,
    by_topic: BTreeMap<Topic, BusFaults>,
    rngs: HashMap<Topic, Rng>,
    refusals: BTreeMap<Topic, u64>,
    panics: u64,
    asked: Vec<(Topic, Instant)>,
    /// Posts that wait for the next one on their topic, by a number that each gets.
    held: BTreeMap<Topic, (u64, Post)>,
    holds: u64,
    counts: BusCounts,
}

/// How often each fault happens to a post: a probability from 0 to 1. None, by default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BusFaults {
    /// It is taken, and nobody hears it.
    pub lost: f64,
    /// It is heard twice.
    pub repeated: f64,
    /// It is heard late.
    pub delayed: f64,
    /// It is heard after the next one on its topic, or after `longest_delay` if none comes.
    pub reordered: f64,
    /// How late at most. Default 1 s.
    pub longest_delay: Duration,
}

impl Default for BusFaults {
    fn default() -> Self {
        Self {
            lost: 0.0,
            repeated: 0.0,
            delayed: 0.0,
            reordered: 0.0,
            longest_delay: Duration::from_secs(1),
        }
    }
}

/// What has become of the posts so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusCounts {
    /// How often it was asked to say something.
    pub asked: u64,
    /// How many posts it refused.
    pub refused: u64,
    /// How many it lost.
    pub lost: u64,
    /// How many it said twice.
    pub repeated: u64,
    /// How many it said late.
    pub delayed: u64,
    /// How many it held back for the next one.
    pub reordered: u64,
}

/// What becomes of one post. One that is lost is neither repeated, delayed nor reordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Refused,
    Lost,
    Heard {
        copies: usize,
        delay: Option<Duration>,
        is_held: bool,
    },
}

impl FaultyBus {
    /// A bus in front of another one, without faults so far.
    #[must_use]
    pub fn over(inner: Arc<dyn Bus>, seed: u64) -> Self {
        Self {
            inner,
            seed,
            state: Arc::default(),
        }
    }

    /// Sets the faults of all topics that have none of their own.
    pub fn set_faults(&self, faults: BusFaults) {
        self.state().faults = faults;
    }

    /// Sets the faults of one topic.
    pub fn set_faults_on(&self, topic: Topic, faults: BusFaults) {
        self.state().by_topic.insert(topic, faults);
    }

    /// Refuses the next posts on this topic: [`BusError::Unavailable`].
    pub fn refuse(&self, topic: Topic, times: u64) {
        self.state().refusals.insert(topic, times);
    }

    /// Panics at the next posts, so that it can be seen who lives through it. Nothing is printed.
    pub fn panic(&self, times: u64) {
        self.state().panics = times;
    }

    /// When it was asked to say something on this topic.
    #[must_use]
    pub fn asked(&self, topic: &Topic) -> Vec<Instant> {
        let state = self.state();
        let on_topic = state.asked.iter().filter(|(on, _)| on == topic);
        on_topic.map(|(_, at)| *at).collect()
    }

    /// What has become of the posts so far.
    #[must_use]
    pub fn counts(&self) -> BusCounts {
        self.state().counts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is noted is whole whatever panicked beside it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says a post so often, now or later.
    async fn say(
        &self,
        post: Post,
        copies: usize,
        delay: Option<Duration>,
    ) -> Result<(), BusError> {
        let Some(delay) = delay else {
            return say(&*self.inner, post, copies).await;
        };
        let bus = Arc::clone(&self.inner);
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            // Who said it has been told that it is said: if the bus is closed meanwhile, it is lost.
            drop(say(&*bus, post, copies).await);
        });
        Ok(())
    }

    /// Keeps a post until the next one on its topic was said, or for so long.
    fn hold(&self, post: Post, longest: Duration) {
        let mut state = self.state();
        state.holds += 1;
        let (number, topic) = (state.holds, post.topic.clone());
        state.held.insert(topic.clone(), (number, post));
        drop(state);
        let bus = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(longest).await;
            let held = {
                let mut state = bus.state();
                let is_mine = state
                    .held
                    .get(&topic)
                    .is_some_and(|(held, _)| *held == number);
                is_mine.then(|| state.held.remove(&topic)).flatten()
            };
            if let Some((_, post)) = held {
                // As above.
                drop(bus.inner.publish(post).await);
            }
        });
    }
}

async fn say(bus: &dyn Bus, post: Post, copies: usize) -> Result<(), BusError> {
    for _ in 1..copies {
        bus.publish(post.clone()).await?;
    }
    bus.publish(post).await
}

impl State {
    /// What becomes of a post, and what was held back for it.
    fn next(&mut self, seed: u64, topic: &Topic) -> (Fate, Option<Post>, BusFaults) {
        self.asked.push((topic.clone(), Instant::now()));
        self.counts.asked += 1;
        let faults = self.by_topic.get(topic).copied().unwrap_or(self.faults);
        if let Some(left) = self.refusals.get_mut(topic).filter(|left| **left > 0) {
            *left -= 1;
            self.counts.refused += 1;
            return (Fate::Refused, None, faults);
        }
        let rng = self
            .rngs
            .entry(topic.clone())
            .or_insert_with(|| Rng::with_seed(seed ^ number(topic)));
        let fate = faults.draw(rng, self.held.contains_key(topic));
        match fate {
            Fate::Refused => {}
            Fate::Lost => self.counts.lost += 1,
            Fate::Heard {
                copies,
                delay,
                is_held,
            } => {
                self.counts.repeated += u64::from(copies > 1);
                self.counts.delayed += u64::from(delay.is_some());
                self.counts.reordered += u64::from(is_held);
            }
        }
        let is_said = matches!(
            fate,
            Fate::Heard {
                delay: None,
                is_held: false,
                ..
            }
        );
        let held = if is_said {
            self.held.remove(topic)
        } else {
            None
        };
        (fate, held.map(|(_, post)| post), faults)
    }
}

impl BusFaults {
    /// Always as many draws, so that one probability does not change what comes of another one.
    fn draw(&self, rng: &mut Rng, has_held: bool) -> Fate {
        let [lost, repeated, delayed, reordered, how_long] =
            [rng.f64(), rng.f64(), rng.f64(), rng.f64(), rng.f64()];
        if lost < self.lost {
            return Fate::Lost;
        }
        let delay = (delayed < self.delayed).then(|| self.longest_delay.mul_f64(how_long));
        Fate::Heard {
            copies: if repeated < self.repeated { 2 } else { 1 },
            delay,
            is_held: delay.is_none() && !has_held && reordered < self.reordered,
        }
    }
}

/// A number of a topic that is the same in each process.
fn number(topic: &Topic) -> u64 {
    let name = topic.to_string();
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Bus for FaultyBus {
    fn publish(&self, post: Post) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(async move {
            let (fate, held, faults) = {
                let mut state = self.state();
                if state.panics > 0 {
                    state.panics -= 1;
                    drop(state);
                    std::panic::resume_unwind(Box::new("the bus panics as planned"));
                }
                state.next(self.seed, &post.topic)
            };
            match fate {
                Fate::Refused => {
                    return Err(BusError::Unavailable {
                        reason: "the bus refuses it as planned".to_owned(),
                        source: None,
                    });
                }
                Fate::Lost => {}
                Fate::Heard { is_held: true, .. } => self.hold(post, faults.longest_delay),
                Fate::Heard { copies, delay, .. } => self.say(post, copies, delay).await?,
            }
            match held {
                Some(held) => self.inner.publish(held).await,
                None => Ok(()),
            }
        })
    }

    fn subscribe(
        &self,
        topics: Vec<Topic>,
        audience: Audience,
    ) -> BusFuture<'_, Result<Box<dyn Inbox>, BusError>> {
        self.inner.subscribe(topics, audience)
    }
}
