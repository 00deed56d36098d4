use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::super::cell::Cell;
use super::super::envelope::Envelope;
use super::super::sink::Sink;
use super::super::sync::lock;
use super::super::task_list::TaskList;
use super::Batch;
use super::bench::Bench;
use crate::clock::Moment;
use crate::event::Status;
use crate::item::{Label, Tag};
use crate::stage::Stage;

impl<S, L, St, D> Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    /// Takes items from the source, of which the queue has said that it is this worker's for now.
    ///
    /// Items with priorities go through the queue, which sorts as many of them as it has room for.
    pub(super) fn pull(
        self: &Arc<Self>,
        bench: &mut Bench<'_, S, L, St, D>,
    ) -> Option<Batch<L::Slots>> {
        bench.pulls = true;
        let shared = &self.core().shared;
        let Some(mut source) = lock(&self.source).take() else {
            self.queue.pulled(0, false, false);
            return None;
        };
        let limit = if source.has_priorities() {
            self.queue.space().max(1)
        } else {
            bench.pace.limit()
        };
        let pulled = &mut bench.pulled;
        let more =
            catch_unwind(AssertUnwindSafe(|| source.pull(limit, pulled))).unwrap_or_else(|panic| {
                shared.note_source_panic(panic);
                false
            });
        let (count, now) = (pulled.len(), Moment::now());
        shared.accounting.accept_inside(count as u64);
        let first = shared.number(count as u64);
        let has_priorities = source.has_priorities();
        bench.worker.pulled.pass(count, now);
        let through_queue = has_priorities || self.order.is_some() || self.keys.is_some();
        if through_queue {
            self.announce(first, &bench.pulled, now);
            let mut entries = Self::envelopes(first, &mut bench.pulled).collect();
            self.queue
                .fill(0, &mut entries, |_, _| false, &mut bench.bell);
            self.turn_all_away(entries, now);
        }
        // Others may ask the source from now on.
        if more {
            *lock(&self.source) = Some(source);
        } else {
            shared.end_source(source);
        }
        let rest = bench.pulled.len().saturating_sub(1);
        let left = self.queue.pulled(rest, more, has_priorities);
        if !through_queue {
            bench.worker.taken.pass(count, now);
            self.announce(first, &bench.pulled, now);
        }
        let mut envelopes = Self::envelopes(first, &mut bench.pulled);
        let first = envelopes.next();
        // Not before the queue knows of their places, since the watchdog may give them back at once.
        if rest > 0
            && let Some(desk) = &bench.desk
        {
            desk.add(envelopes);
        }
        if left.closed {
            self.detach();
        }
        first.map(|first| Batch {
            first,
            ticket: None,
            rest,
            calls: left.calls,
            started: now,
        })
    }

    /// Tells observers of items that were accepted, the first of which has this sequence number.
    fn announce(&self, first: u64, pulled: &[(S::Input, Label)], now: Moment) {
        let shared = &self.core().shared;
        self.tell_fed(first, pulled.iter().map(|(_, label)| &label.details), now);
        for (_, label) in pulled {
            shared.note_id(label);
        }
        if shared.observers.want(Status::Queued) {
            let numbered = pulled.iter().zip(first..);
            let tags: Vec<_> = numbered
                .map(|((_, label), number)| Tag::new(number, label.clone()))
                .collect();
            self.tell_queued(&tags, now);
        }
    }

    /// The items as they go on, the first of which has this sequence number.
    fn envelopes(
        first: u64,
        pulled: &mut Vec<(S::Input, Label)>,
    ) -> impl Iterator<Item = Envelope<L::Slots>> {
        pulled
            .drain(..)
            .zip(first..)
            .map(|((value, label), number)| Envelope {
                value: L::enter(value),
                tag: Tag::new(number, label),
            })
    }
}
