//! Who has the terminal, and how others get a line in.

use std::panic;
use std::sync::mpsc::{self, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::capture;
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
        if !was_taken {
            capture::begin();
        }
        // Made only if it was free: dropped, it would free it.
        (!was_taken).then(|| Self(()))
    }

    /// Says what is on the terminal from now on.
    #[expect(clippy::unused_self, reason = "only who has the claim may say so")]
    pub(super) fn set(&self, surface: Surface) {
        before_panics();
        *lock(&SURFACE) = Some(surface);
    }

    /// Says that nothing is drawn any more.
    #[expect(clippy::unused_self, reason = "only who has the claim may say so")]
    pub(super) fn forget(&self) {
        *lock(&SURFACE) = None;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.forget();
        capture::stop();
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
    if is_painter() {
        return print();
    }
    capture::flush();
    // Nobody may print to the terminal before the drawing is away, or when it is back.
    let print = || capture::direct(print);
    match current() {
        Some(Surface::InPlace(bar)) => bar.suspend(print),
        Some(Surface::Full(screen)) => screen.suspend(print),
        None => print(),
    }
}

/// Gives the terminal back as it was: for programs that end without ending their runs.
///
/// The run that has been shown is shown no more, but for a summary if it comes to its end.
///
/// ```
/// antflow::terminal::restore();
/// // std::process::exit(1);
/// ```
pub fn restore() {
    // A line that is being printed has to find what it is printed above.
    capture::between_lines(|| {
        let surface = lock(&SURFACE).take();
        match surface {
            _ if is_painter() => {}
            // What was drawn last stays, and nothing is drawn any more.
            Some(Surface::InPlace(bar)) => bar.set_draw_target(ProgressDrawTarget::hidden()),
            Some(Surface::Full(screen)) => screen.end(),
            None => {}
        }
    });
    capture::end();
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
            Some(Surface::InPlace(bar)) if !is_painter() => {
                capture::flush();
                away(bar, || capture::direct(|| before(panic)));
            }
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
