use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

/// Whom to wake, once no lock is held any more.
#[derive(Debug, Default)]
pub struct Bell<'a> {
    wakers: Vec<Waker>,
    /// Where to note that somebody is to be woken later, instead of now.
    owed: Option<&'a AtomicBool>,
}

impl<'a> Bell<'a> {
    /// Puts the calls of an item off: `owed` says whether there is one.
    pub(crate) fn mute(&mut self, owed: Option<&'a AtomicBool>) {
        self.owed = owed;
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.owed.is_some()
    }

    pub(crate) fn owe(&self, call: bool) {
        if let Some(owed) = self.owed
            && call
        {
            owed.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn extend(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        self.wakers.extend(wakers);
    }

    /// Wakes them all. Returns whether there was anybody.
    #[inline]
    pub(crate) fn ring(&mut self) -> bool {
        if self.wakers.is_empty() {
            return false;
        }
        while let Some(waker) = self.wakers.pop() {
            waker.wake();
        }
        true
    }
}

impl Drop for Bell<'_> {
    fn drop(&mut self) {
        self.ring();
    }
}
