use std::error::Error;
use std::fmt;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;

use super::{Hooks, TaskContext};
use crate::item::ItemError;

/// The hooks of a stage, with a key for each item.
pub struct KeyedBy<H, F, K> {
    hooks: H,
    key: F,
    kind: PhantomData<fn() -> K>,
}

impl<H, F, K> KeyedBy<H, F, K> {
    pub(crate) fn new(hooks: H, key: F) -> Self {
        let kind = PhantomData;
        Self { hooks, key, kind }
    }
}

impl<H: fmt::Debug, F, K> fmt::Debug for KeyedBy<H, F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedBy")
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}

impl<In, Out, H, F, K> Hooks<In, Out> for KeyedBy<H, F, K>
where
    H: Hooks<In, Out>,
    F: Fn(&In) -> K + Send + Sync + 'static,
    K: Hash + 'static,
{
    const KEYED: bool = true;

    fn key(&self, input: &In) -> u64 {
        hash_key((self.key)(input))
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

/// The hash of a key, for [`Hooks::key`]. It may differ between versions of Rust.
///
/// ```
/// let name = String::from("ann");
/// assert_eq!(antflow::hash_key(&name), antflow::hash_key("ann"));
/// ```
#[must_use]
pub fn hash_key(key: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
