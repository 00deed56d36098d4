use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::cluster::done::Done;

/// Lets batches, which are processed at once, do something in their order, one at a time.
#[derive(Debug, Default)]
pub(super) struct Turns {
    had: Mutex<Done>,
    moved: Notify,
}

/// The turn of one batch. It is over when this is dropped, whether it had come or not.
#[derive(Debug)]
pub(super) struct Turn<'t> {
    turns: &'t Turns,
    number: u64,
}

impl Turns {
    /// The turn of the batch of this number, of which there is one each, from 0.
    pub(super) fn turn(&self, number: u64) -> Turn<'_> {
        Turn {
            turns: self,
            number,
        }
    }

    fn had(&self) -> MutexGuard<'_, Done> {
        // Nothing that is done under this lock can panic halfway.
        self.had.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Waits until all turns before it are over.
    pub(super) async fn come(&self) {
        loop {
            let mut moved = std::pin::pin!(self.turns.moved.notified());
            moved.as_mut().enable();
            if self.turns.had().below() >= self.number {
                return;
            }
            moved.await;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.had().insert(self.number);
        self.turns.moved.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_come_in_their_order_also_behind_those_that_were_given_up() {
        let turns = Arc::new(Turns::default());
        let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
        for number in [3, 1, 4, 2] {
            let (turns, said) = (Arc::clone(&turns), said.clone());
            tokio::spawn(async move {
                let turn = turns.turn(number);
                if number != 2 {
                    turn.come().await;
                    tokio::task::yield_now().await;
                    said.send(number).unwrap();
                }
            });
        }
        drop(said);
        tokio::task::yield_now().await;
        assert!(
            heard.try_recv().is_err(),
            "the first one has not had its turn"
        );
        drop(turns.turn(0));
        let mut order = Vec::new();
        while let Some(number) = heard.recv().await {
            order.push(number);
        }
        assert_eq!(order, [1, 3, 4]);
    }
}
