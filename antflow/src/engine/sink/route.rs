use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::super::bell::Bell;
use super::super::core::Core;
use super::super::envelope::Envelope;
use super::super::inlet::{Gate, Inlet};
use super::super::queue::{Closed, PushError};
use super::super::runtime::StageRuntime;
use super::super::seat::Seat;
use super::Sink;
use crate::clock::Moment;
use crate::item::Tag;
use crate::stage::{Route, Visit, WorkerId};

/// One of several stages for each item, by its variant.
pub(crate) struct RouteSink<Out> {
    core: Arc<Core<Out>>,
    /// By variant.
    ways: Arc<[Way]>,
}

/// The way of a variant.
#[derive(Clone)]
pub struct Way {
    gate: Arc<dyn Gate>,
    /// The same, as an `Arc<dyn Inlet<T>>` of what is in the variant.
    inlet: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way")
            .field("stage", &self.gate.runtime().name)
            .finish_non_exhaustive()
    }
}

impl Way {
    pub(crate) fn new<T: Send + 'static>(inlet: Arc<dyn Inlet<T>>) -> Self {
        Self {
            gate: Arc::clone(&inlet) as _,
            inlet: Arc::new(inlet),
        }
    }
}

impl<Out> Clone for RouteSink<Out> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
            ways: Arc::clone(&self.ways),
        }
    }
}

impl<Out> RouteSink<Out> {
    pub(crate) fn new(core: Arc<Core<Out>>, ways: Arc<[Way]>) -> Self {
        Self { core, ways }
    }
}

/// Lets an item in.
struct Enter<'a, 'b> {
    way: &'a Way,
    tag: Tag,
    now: Moment,
    bell: &'a mut Bell<'b>,
}

impl Visit for Enter<'_, '_> {
    fn visit<T: Send + 'static>(self, value: T) {
        let Self {
            way,
            tag,
            now,
            bell,
        } = self;
        let inlet = way.inlet.downcast_ref::<Arc<dyn Inlet<T>>>();
        let inlet = inlet.expect("a branch takes what is in its variant");
        inlet.pass(1, VecDeque::from([Envelope { value, tag }]), now, bell);
    }
}

impl<T: Route + Send + 'static, Out: Send + 'static> Sink<T> for RouteSink<Out> {
    type Final = Out;

    const BATCHES: bool = false;

    fn core(&self) -> &Arc<Core<Out>> {
        &self.core
    }

    fn try_reserve(&self, _: usize) -> usize {
        0
    }

    type Entry = Envelope<T>;

    fn entry(&self, envelope: Envelope<T>) -> Envelope<T> {
        envelope
    }

    fn fill(&self, _: usize, entries: &mut VecDeque<Envelope<T>>, _: Moment, _: &mut Bell<'_>) {
        debug_assert!(entries.is_empty(), "no room was set aside");
    }

    fn try_send(
        &self,
        entry: Envelope<T>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<Envelope<T>>> {
        let way = &self.ways[entry.value.variant()];
        match way.gate.try_reserve(1) {
            Ok(0) => Err(PushError::Full(entry)),
            Ok(_) => {
                let Envelope { value, tag } = entry;
                value.visit(Enter {
                    way,
                    tag,
                    now,
                    bell,
                });
                Ok(())
            }
            Err(Closed) => Err(PushError::Closed(entry)),
        }
    }

    fn turn_back(&self, entry: Envelope<T>, stage: &StageRuntime, worker: Option<&WorkerId>) {
        self.core.turn_back(entry, stage, worker);
    }

    fn count(&self, _: usize, _: Moment) {}

    fn call(&self, bell: &mut Bell<'_>) {
        for way in &*self.ways {
            way.gate.call(bell);
        }
    }

    fn room<'a>(
        &'a self,
        refused: Option<&'a Envelope<T>>,
        seat: &'a Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'a {
        let way = refused.map_or(0, |refused| refused.value.variant());
        self.ways[way].gate.room(Some(seat))
    }
}

impl<Out> fmt::Debug for RouteSink<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteSink")
            .field("ways", &self.ways.len())
            .finish_non_exhaustive()
    }
}
