use std::task::Waker;

/// Whom to wake, once no lock is held any more.
#[derive(Debug, Default)]
pub struct Bell(Vec<Waker>);

impl Bell {
    pub(crate) fn extend(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        self.0.extend(wakers);
    }

    /// Wakes them all. Returns whether there was anybody.
    pub(crate) fn ring(&mut self) -> bool {
        let rang = !self.0.is_empty();
        for waker in self.0.drain(..) {
            waker.wake();
        }
        rang
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.ring();
    }
}
