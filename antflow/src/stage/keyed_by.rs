use std::error::Error;
use std::fmt;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Hooks, TaskContext};
use crate::item::ItemError;

/// The hooks of a stage, with a key for each item.
pub struct KeyedBy<H, F> {
    hooks: H,
    key: F,
}

impl<H, F> KeyedBy<H, F> {
    pub(crate) fn new(hooks: H, key: F) -> Self {
        Self { hooks, key }
    }
}

impl<H: fmt::Debug, F> fmt::Debug for KeyedBy<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedBy")
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}

impl<In, Out, H, F> Hooks<In, Out> for KeyedBy<H, F>
where
    H: Hooks<In, Out>,
    F: Fn(&In) -> u64 + Send + Sync + 'static,
{
    const KEYED: bool = true;

    fn key(&self, input: &In) -> u64 {
        (self.key)(input)
    }

    fn skip(&self, cx: &TaskContext, input: In) -> impl Future<Output = Result<Out, In>> + Send
    where
        In: Send,
        Out: Send,
    {
        self.hooks.skip(cx, input)
    }

    fn on_success(&self, cx: &TaskContext, output: &Out) -> impl Future<Output = ()> + Send {
        self.hooks.on_success(cx, output)
    }

    fn on_failure(&self, cx: &TaskContext, error: &ItemError) -> impl Future<Output = ()> + Send {
        self.hooks.on_failure(cx, error)
    }

    fn on_skip(&self, cx: &TaskContext, value: &Out) -> impl Future<Output = ()> + Send {
        self.hooks.on_skip(cx, value)
    }

    fn retry_if(&self, error: &(dyn Error + Send + Sync + 'static)) -> bool {
        self.hooks.retry_if(error)
    }
}

/// The hash of a key.
pub fn hash_key(key: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
