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
    is_wanted: bool,
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
        lock(&self.state).is_wanted = is_wanted;
        self.changed.notify_waiters();
    }

    /// What was taken, if there is something; from now on it is heard.
    fn hear(&self) -> Option<Result<Post, BusError>> {
        let mut state = lock(&self.state);
        let heard = state.taken.take()?.map(|(post, receipt)| {
            state.heard = Some(receipt);
            post
        });
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
            let comes_back = self.until(|state| state.is_wanted);
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
            () = desk.until(|state| state.is_wanted) => {}
        }
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
