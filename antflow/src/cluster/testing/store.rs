use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;

use super::intercept::{Around, OPERATIONS};
use crate::cluster::nearest::suggestion;
use crate::cluster::store::{Store, StoreError, StoreFuture};

/// A store that fails when it should, and counts what it is asked.
///
/// Operations are named as the methods of the [store's traits](crate::cluster::store). What is planned for one
/// operation comes before what [happens at random](Self::fail_at_random).
///
/// ```
/// use antflow::cluster::store::{QueryStore, StoreError};
/// use antflow::cluster::testing::TestCluster;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), StoreError> {
/// let cluster = TestCluster::new()?;
/// cluster.faulty_store().refuse("counts", 1);
/// assert!(matches!(cluster.faulty_store().counts().await, Err(StoreError::Unavailable { .. })));
/// cluster.faulty_store().counts().await?;
/// assert_eq!(cluster.faulty_store().asked("counts"), 2);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// All methods that take the name of an operation panic if there is none of that name.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    plans: BTreeMap<&'static str, Plan>,
    asked: BTreeMap<&'static str, u64>,
    random: StoreFaults,
    rng: Rng,
}

/// What was planned for an operation.
#[derive(Debug, Default)]
struct Plan {
    refusals: u64,
    lost_answers: u64,
    /// How long it takes until the operation begins, and until its answer comes.
    delay: Duration,
    answer_delay: Duration,
}

/// What becomes of one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Fault {
    is_refused: bool,
    is_unheard: bool,
    delay: Duration,
    answer_delay: Duration,
}

/// How often each fault happens to a call of any operation: a probability from 0 to 1. None, by default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StoreFaults {
    /// It is not carried out: [`StoreError::Unavailable`].
    pub refused: f64,
    /// It is carried out, and the answer is lost: [`StoreError::Unavailable`].
    pub unheard: f64,
    /// It begins late.
    pub delayed: f64,
    /// How late at most.
    pub longest_delay: Duration,
}

impl FaultyStore {
    /// A store in front of another one, without faults so far. What happens at random comes from the seed.
    #[must_use]
    pub fn over(inner: Arc<dyn Store>, seed: u64) -> Self {
        Self {
            inner,
            state: Mutex::new(State {
                plans: BTreeMap::new(),
                asked: BTreeMap::new(),
                random: StoreFaults::default(),
                rng: Rng::with_seed(seed),
            }),
        }
    }

    /// Lets the next calls of an operation fail before anything is done. `u64::MAX`: until it is
    /// [healed](Self::heal).
    pub fn refuse(&self, operation: &str, times: u64) {
        self.plan(operation, |plan| plan.refusals = times);
    }

    /// Lets the next calls of an operation fail after all is done: their answers are lost.
    pub fn lose_answers(&self, operation: &str, times: u64) {
        self.plan(operation, |plan| plan.lost_answers = times);
    }

    /// Lets an operation begin so much later, each time.
    pub fn delay(&self, operation: &str, by: Duration) {
        self.plan(operation, |plan| plan.delay = by);
    }

    /// Lets the answers of an operation come so much later, each time: what was read is old by then.
    pub fn delay_answers(&self, operation: &str, by: Duration) {
        self.plan(operation, |plan| plan.answer_delay = by);
    }

    /// Lets an operation work again as it should.
    pub fn heal(&self, operation: &str) {
        let operation = known(operation);
        self.state().plans.remove(operation);
    }

    /// Lets all operations fail at random from now on; [`StoreFaults::default`] ends it.
    ///
    /// The faults are a function of the seed and of the order of the calls, and do not ask the time.
    pub fn fail_at_random(&self, faults: StoreFaults) {
        self.state().random = faults;
    }

    /// How often an operation was asked for, whatever came of it.
    #[must_use]
    pub fn asked(&self, operation: &str) -> u64 {
        let operation = known(operation);
        self.state()
            .asked
            .get(operation)
            .copied()
            .unwrap_or_default()
    }

    fn plan(&self, operation: &str, change: impl FnOnce(&mut Plan)) {
        let operation = known(operation);
        change(self.state().plans.entry(operation).or_default());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is planned is whole whatever panicked beside it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The operation of this name.
fn known(operation: &str) -> &'static str {
    let found = OPERATIONS.iter().find(|known| **known == operation);
    found.copied().unwrap_or_else(|| {
        let near = suggestion(operation, OPERATIONS.iter().copied());
        panic!("no store has an operation `{operation}`{near}")
    })
}

impl State {
    /// What becomes of the next call of an operation.
    fn next(&mut self, operation: &'static str) -> Fault {
        *self.asked.entry(operation).or_default() += 1;
        let mut fault = self.random.draw(&mut self.rng);
        let Some(plan) = self.plans.get_mut(operation) else {
            return fault;
        };
        if plan.refusals > 0 {
            plan.refusals -= 1;
            fault.is_refused = true;
        } else if plan.lost_answers > 0 {
            plan.lost_answers -= 1;
            fault.is_unheard = true;
        }
        fault.delay += plan.delay;
        fault.answer_delay += plan.answer_delay;
        fault
    }
}

impl StoreFaults {
    /// Always as many draws, so that one probability does not change what comes of another one.
    fn draw(&self, rng: &mut Rng) -> Fault {
        let [refused, unheard, delayed, how_long] = [rng.f64(), rng.f64(), rng.f64(), rng.f64()];
        let is_delayed = delayed < self.delayed;
        Fault {
            is_refused: refused < self.refused,
            is_unheard: unheard < self.unheard,
            delay: if is_delayed {
                self.longest_delay.mul_f64(how_long)
            } else {
                Duration::ZERO
            },
            answer_delay: Duration::ZERO,
        }
    }
}

impl Around for FaultyStore {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn around<'s, T: Send + 'static>(
        &'s self,
        operation: &'static str,
        call: impl FnOnce() -> StoreFuture<'s, T> + Send + 's,
    ) -> StoreFuture<'s, T> {
        let fault = self.state().next(operation);
        if fault == Fault::default() {
            return call();
        }
        Box::pin(async move {
            wait(fault.delay).await;
            if fault.is_refused {
                return Err(away(operation));
            }
            let answer = call().await;
            wait(fault.answer_delay).await;
            if fault.is_unheard {
                return answer.and(Err(away(operation)));
            }
            answer
        })
    }
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn away(operation: &str) -> StoreError {
    StoreError::Unavailable {
        reason: format!("`{operation}` fails as planned"),
        source: None,
    }
}
