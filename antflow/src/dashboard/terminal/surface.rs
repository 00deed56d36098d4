//! Who has the terminal, and how others get a line in.

use std::panic;
use std::sync::mpsc::{self, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use indicatif::ProgressBar;

use super::full::FullScreen;
use super::in_place::PATIENCE;
use super::painter::THREAD;

/// What is on the terminal.
#[derive(Debug, Clone)]
pub(super) enum Surface {
    InPlace(ProgressBar),
    Full(Arc<FullScreen>),
}

/// The terminal has one owner at a time.
static TAKEN: Mutex<bool> = Mutex::new(false);
static SURFACE: Mutex<Option<Surface>> = Mutex::new(None);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to draw. Dropped, it leaves the terminal to the next.
#[derive(Debug)]
pub(super) struct Claim(());

impl Claim {
    /// None if somebody else has the terminal.
    pub(super) fn take() -> Option<Self> {
        let was_taken = std::mem::replace(&mut *lock(&TAKEN), true);
        // Made only if it was free: dropped, it would free it.
        (!was_taken).then(|| Self(()))
    }

    /// Says what is on the terminal from now on.
    #[expect(clippy::unused_self, reason = "only who has the claim may say so")]
    pub(super) fn set(&self, surface: Surface) {
        before_panics();
        *lock(&SURFACE) = Some(surface);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        *lock(&SURFACE) = None;
        *lock(&TAKEN) = false;
    }
}

/// What is on the terminal now.
pub(super) fn current() -> Option<Surface> {
    lock(&SURFACE).clone()
}

/// Takes the dashboard from the terminal while `print` prints to it, and puts it back.
///
/// ```
/// antflow::terminal::suspend(|| eprintln!("the cache is cold"));
/// ```
pub fn suspend<T>(print: impl FnOnce() -> T) -> T {
    match current() {
        _ if is_painter() => print(),
        Some(Surface::InPlace(bar)) => bar.suspend(print),
        Some(Surface::Full(screen)) => screen.suspend(print),
        None => print(),
    }
}

/// Gives the terminal back as it was: for programs that end without ending their runs.
///
/// A dashboard that goes on will take it again with its next update.
///
/// ```
/// antflow::terminal::restore();
/// // std::process::exit(1);
/// ```
pub fn restore() {
    suspend(|| ());
}

fn is_painter() -> bool {
    thread::current().name() == Some(THREAD)
}

/// Lets messages of panics appear where they can be read: above what is drawn.
fn before_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| match current() {
            Some(Surface::InPlace(bar)) if !is_painter() => away(bar, || before(panic)),
            _ => suspend(|| before(panic)),
        }));
    });
}

/// Takes what is drawn away while `print` prints. Done by another thread, as indicatif draws nothing on one that panics.
fn away(bar: ProgressBar, print: impl FnOnce()) {
    let (is_away, away) = mpsc::channel();
    let (is_printed, printed) = mpsc::channel::<()>();
    let make_room = move || {
        bar.suspend(|| {
            drop(is_away);
            let _ = printed.recv_timeout(PATIENCE);
        });
    };
    let helper = thread::Builder::new().spawn(make_room);
    // Disconnected as soon as there is room; a terminal that is stuck makes none.
    let _: Result<(), _> = away.recv_timeout(PATIENCE);
    print();
    drop(is_printed);
    if let Ok(helper) = helper
        && away.try_recv() == Err(TryRecvError::Disconnected)
    {
        let _ = helper.join();
    }
}
