//! Posts that one hearer gets, taken when somebody asks for them and not before.
//!
//! A task takes them, and not the future that asks: whoever drops that loses nothing. What was taken, or is on its
//! way, for somebody who has gone away goes back after a moment, to whoever else asks.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::queue::lock;
use super::{BusError, Post};

/// How long somebody may be away before what was taken goes back. Most come back at once, as they only looked at
/// something else.
const GRACE: Duration = Duration::from_millis(100);

/// Where posts are taken, each by one.
pub(super) trait Source: Send + 'static {
    /// What confirms a post, or gives it back.
    type Receipt: Send + 'static;

    /// Waits for the next post, and takes it. When the future is dropped, what was begun goes on in the source.
    fn take(&mut self) -> impl Future<Output = Result<(Post, Self::Receipt), BusError>> + Send;

    /// Ends what was begun, and gives back what comes of it.
    fn rest(&mut self) -> impl Future<Output = ()> + Send;

    /// A post was heard.
    fn heard(&mut self, receipt: Self::Receipt) -> impl Future<Output = ()> + Send;

    /// A post was not heard: somebody else gets it.
    fn give_back(&mut self, post: Post, receipt: Self::Receipt) -> impl Future<Output = ()> + Send;
}

/// The side of whoever asks. When it is dropped, nothing more is taken.
pub(super) struct Asked<R> {
    desk: Arc<Desk<R>>,
    end: CancellationToken,
}

/// What who asks and who takes have between them.
struct Desk<R> {
    state: Mutex<State<R>>,
    /// Somebody asks, or does no more, or has heard.
    changed: Notify,
    /// There is something to be heard.
    filled: Notify,
}

struct State<R> {
    /// Somebody asks now.
    is_wanted: bool,
    /// Somebody has asked since something was taken last, be it for a moment.
    has_asked: bool,
    taken: Option<Result<(Post, R), BusError>>,
    heard: Option<R>,
}

/// Says that somebody asks, as long as it lives.
struct Wish<'a, R>(&'a Desk<R>);

impl<R: Send + 'static> Asked<R> {
    /// Takes from this source until the end.
    pub(super) fn new(source: impl Source<Receipt = R>, end: CancellationToken) -> Self {
        let desk = Arc::new(Desk {
            state: Mutex::new(State {
                is_wanted: false,
                has_asked: false,
                taken: None,
                heard: None,
            }),
            changed: Notify::new(),
            filled: Notify::new(),
        });
        tokio::spawn(serve(source, Arc::clone(&desk), end.clone()));
        Self { desk, end }
    }

    /// The next post; `None` behind the end.
    ///
    /// # Cancel safety
    /// Dropping the future loses no post.
    pub(super) async fn next(&self) -> Option<Result<Post, BusError>> {
        let _wish = Wish::new(&self.desk);
        loop {
            // Listens before it looks, so that nothing comes in between unseen.
            let filled = self.desk.filled.notified();
            if self.end.is_cancelled() {
                return None;
            }
            match self.desk.hear() {
                Some(heard) => return Some(heard),
                None => tokio::select! {
                    () = filled => {}
                    () = self.end.cancelled() => return None,
                },
            }
        }
    }
}

impl<R> Drop for Asked<R> {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

impl<R> fmt::Debug for Asked<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}

impl<'a, R> Wish<'a, R> {
    fn new(desk: &'a Desk<R>) -> Self {
        desk.set_wanted(true);
        Self(desk)
    }
}

impl<R> Drop for Wish<'_, R> {
    fn drop(&mut self) {
        self.0.set_wanted(false);
    }
}

impl<R> Desk<R> {
    fn set_wanted(&self, is_wanted: bool) {
        let mut state = lock(&self.state);
        state.is_wanted = is_wanted;
        state.has_asked |= is_wanted;
        drop(state);
        self.changed.notify_waiters();
    }

    /// What was taken, if there is something; from now on it is heard.
    fn hear(&self) -> Option<Result<Post, BusError>> {
        let mut state = lock(&self.state);
        let heard = state.taken.take()?.map(|(post, receipt)| {
            state.heard = Some(receipt);
            post
        });
        // It has what it asked for.
        state.has_asked = false;
        drop(state);
        self.changed.notify_waiters();
        Some(heard)
    }

    /// Waits until the state is like this.
    async fn until(&self, is_so: impl Fn(&State<R>) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Listens before it looks, so that no change in between is missed.
            changed.as_mut().enable();
            if is_so(&lock(&self.state)) {
                return;
            }
            changed.await;
        }
    }

    /// Waits until nobody has asked for a moment.
    async fn is_left(&self) {
        loop {
            self.until(|state| !state.is_wanted).await;
            lock(&self.state).has_asked = false;
            let comes_back = self.until(|state| state.has_asked);
            if tokio::time::timeout(GRACE, comes_back).await.is_err() {
                return;
            }
        }
    }
}

/// Takes a post whenever somebody asks for one, until the end.
async fn serve<S: Source>(mut source: S, desk: Arc<Desk<S::Receipt>>, end: CancellationToken) {
    while !end.is_cancelled() {
        tokio::select! {
            () = end.cancelled() => break,
            () = desk.until(|state| state.is_wanted || state.has_asked) => {}
        }
        lock(&desk.state).has_asked = false;
        let taken = tokio::select! {
            biased;
            taken = source.take() => taken,
            () = end.cancelled() => break,
            () = desk.is_left() => {
                source.rest().await;
                continue;
            }
        };
        lock(&desk.state).taken = Some(taken);
        desk.filled.notify_one();
        let is_heard = tokio::select! {
            biased;
            () = desk.until(|state| state.taken.is_none()) => true,
            () = end.cancelled() => false,
            () = desk.is_left() => false,
        };
        let (taken, heard) = {
            let mut state = lock(&desk.state);
            (state.taken.take(), state.heard.take())
        };
        if let Some(receipt) = heard {
            source.heard(receipt).await;
        }
        // An error that nobody has heard is of yesterday when somebody asks again.
        if let Some(Ok((post, receipt))) = taken {
            source.give_back(post, receipt).await;
        }
        if !is_heard {
            source.rest().await;
        }
    }
    source.rest().await;
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::mpsc;
    use tokio::time::{advance, sleep};

    use super::*;
    use crate::cluster::protocol::Topic;

    /// Gives the numbers that are sent to it, and notes what becomes of them.
    struct Numbers {
        come: mpsc::UnboundedReceiver<u8>,
        notes: mpsc::UnboundedSender<String>,
    }

    impl Numbers {
        fn note(&self, text: impl Into<String>) {
            // Nobody reads notes behind the end of a test.
            drop(self.notes.send(text.into()));
        }
    }

    impl Source for Numbers {
        type Receipt = u8;

        async fn take(&mut self) -> Result<(Post, u8), BusError> {
            self.note("take");
            match self.come.recv().await {
                Some(0) | None => Err(BusError::Closed),
                Some(number) => Ok((post(number), number)),
            }
        }

        async fn rest(&mut self) {
            self.note("rest");
        }

        async fn heard(&mut self, number: u8) {
            self.note(format!("heard {number}"));
        }

        async fn give_back(&mut self, _: Post, number: u8) {
            self.note(format!("back {number}"));
        }
    }

    fn post(number: u8) -> Post {
        Post {
            topic: Topic::Runs,
            key: String::new(),
            bytes: [number].into(),
        }
    }

    struct Bench {
        asked: Asked<u8>,
        sends: mpsc::UnboundedSender<u8>,
        notes: mpsc::UnboundedReceiver<String>,
    }

    fn bench() -> Bench {
        let (sends, come) = mpsc::unbounded_channel();
        let (notes, noted) = mpsc::unbounded_channel();
        Bench {
            asked: Asked::new(Numbers { come, notes }, CancellationToken::new()),
            sends,
            notes: noted,
        }
    }

    impl Bench {
        /// What was noted since the last time.
        async fn noted(&mut self) -> Vec<String> {
            sleep(Duration::from_millis(1)).await;
            std::iter::from_fn(|| self.notes.try_recv().ok()).collect()
        }

        async fn next(&self) -> Option<u8> {
            let heard = self.asked.next().await?;
            heard.ok().map(|post| post.bytes[0])
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_taken_before_somebody_asks() {
        let mut bench = bench();
        bench.sends.send(1).unwrap();
        bench.sends.send(2).unwrap();
        assert!(bench.noted().await.is_empty());
        assert_eq!(bench.next().await, Some(1));
        assert_eq!(bench.noted().await, ["take", "heard 1"]);
        assert_eq!(bench.next().await, Some(2));
        sleep(GRACE * 2).await;
        assert_eq!(bench.noted().await, ["take", "heard 2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_back_soon_finds_what_came_meanwhile() {
        let mut bench = bench();
        assert_eq!(bench.next().now_or_never(), None);
        assert_eq!(bench.noted().await, ["take"]);
        bench.sends.send(1).unwrap();
        advance(GRACE / 2).await;
        assert_eq!(bench.next().await, Some(1));
        assert_eq!(bench.noted().await, ["heard 1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_for_somebody_who_left_goes_back() {
        let mut bench = bench();
        assert_eq!(bench.next().now_or_never(), None);
        bench.sends.send(1).unwrap();
        sleep(GRACE * 2).await;
        assert_eq!(bench.noted().await, ["take", "back 1", "rest"]);
        assert_eq!(bench.next().now_or_never(), None);
        sleep(GRACE * 2).await;
        assert_eq!(bench.noted().await, ["take", "rest"]);
        bench.sends.send(2).unwrap();
        assert_eq!(bench.next().await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn errors_are_told_and_taking_goes_on() {
        let bench = bench();
        bench.sends.send(0).unwrap();
        bench.sends.send(1).unwrap();
        assert!(matches!(
            bench.asked.next().await,
            Some(Err(BusError::Closed))
        ));
        assert_eq!(bench.next().await, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_wakes_who_waits_and_gives_back_what_was_taken() {
        let mut bench = bench();
        let end = bench.asked.end.clone();
        let (heard, ()) = tokio::join!(bench.next(), async {
            sleep(GRACE * 3).await;
            end.cancel();
        });
        assert_eq!(heard, None);
        assert_eq!(bench.next().await, None);
        assert_eq!(bench.noted().await, ["take", "rest"]);

        let other = self::bench();
        assert_eq!(other.next().now_or_never(), None);
        other.sends.send(1).unwrap();
        sleep(Duration::from_millis(1)).await;
        let Bench {
            asked, mut notes, ..
        } = other;
        drop(asked);
        sleep(Duration::from_millis(1)).await;
        let noted: Vec<_> = std::iter::from_fn(|| notes.try_recv().ok()).collect();
        assert_eq!(noted, ["take", "back 1", "rest", "rest"]);
    }
}
