use super::super::attempt::Stop;
use super::super::cell::Cell;
use super::super::sink::Sink;
use super::super::task_list::TaskList;
use super::hand::Hand;
use super::item::Step;
use crate::event::Status;
use crate::item::{BoxError, ItemErrorKind, Tag};
use crate::stage::Stage;

/// What a worker does in a stage that takes batches.
impl<S, L, St, D> Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    /// Ends the items of the batch in hand that failed, and goes on with the others as it is said. If what came of the
    /// batch is not of as many items as it has, all of them fail.
    pub(super) fn sift(
        &self,
        hand: &mut Hand<'_, D::Final>,
        mut output: S::Output,
        goes_on: impl FnOnce(S::Output) -> Step<S::Output>,
    ) -> Step<S::Output> {
        match self.end_failed(hand, &mut output) {
            Ok(true) => goes_on(output),
            Ok(false) => Step::Over(output),
            Err(kind) => {
                self.core().shared.discard(output);
                Self::note_begun(hand, hand.frame.cx.tag.has_begun());
                Step::Stopped(Stop::End(hand.frame.error(kind)))
            }
        }
    }

    /// Tells of the beginning that comes before a failure, where the tasks were not called.
    fn note_begun(hand: &mut Hand<'_, D::Final>, has_begun: bool) {
        if !has_begun {
            hand.frame.emit_status(Status::InProgress, None);
        }
    }

    /// Ends the items of the batch in hand that failed, and keeps the others. False if there are none.
    ///
    /// # Errors
    /// If what came of the batch is not of as many items as it has.
    fn end_failed(
        &self,
        hand: &mut Hand<'_, D::Final>,
        output: &mut S::Output,
    ) -> Result<bool, (ItemErrorKind, &'static str)> {
        let count = hand.frame.cx.tag.members().len();
        let errors = self.down.take_errors(output, count)?;
        if errors.is_empty() {
            return Ok(true);
        }
        let batch = hand.frame.cx.tag.clone();
        let mut left: Vec<_> = batch.members().iter().cloned().map(Some).collect();
        for (place, error, name) in errors {
            let Some(tag) = left[place].take() else {
                continue;
            };
            Self::end_one(hand, &batch, tag, error, name);
        }
        let left: Vec<_> = left.into_iter().flatten().collect();
        let goes_on = !left.is_empty();
        hand.frame.cx.tag = if goes_on {
            let mut rest = Tag::batch(left);
            rest.set_attempt(batch.attempt());
            if batch.has_begun() {
                rest.begin();
            }
            rest
        } else {
            batch
        };
        Ok(goes_on)
    }

    fn end_one(
        hand: &mut Hand<'_, D::Final>,
        batch: &Tag,
        mut tag: Tag,
        error: BoxError,
        name: &'static str,
    ) {
        tag.set_attempt(batch.attempt());
        hand.frame.cx.tag = tag;
        Self::note_begun(hand, batch.has_begun());
        let error = hand.frame.error((ItemErrorKind::Failed(error), name));
        hand.frame.emit_status(Status::Failed, Some(&error));
        drop(hand.core.fail(&hand.frame.cx.tag, &error));
    }
}
