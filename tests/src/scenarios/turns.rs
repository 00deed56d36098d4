//! Who has to be alone on the machine, and who lets nobody else be: cases that are bound to a time, and the heavy ones.

use tokio::sync::{Mutex, MutexGuard};

static TURN: Mutex<()> = Mutex::const_new(());

/// Waits until none of these cases is at work but this one.
pub(super) async fn alone() -> MutexGuard<'static, ()> {
    TURN.lock().await
}
