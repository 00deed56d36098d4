use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::capture;
use super::draw::Look;
use super::full::Full;
use super::in_place::{InPlace, PATIENCE};
use super::model::Model;
use super::place::Place;
use super::plain::{self, Lines};
use super::surface::{Claim, Surface};
use super::{Detail, Level, Steering};
use crate::stats::DashboardSnapshot;

/// The name of the thread that draws.
pub(super) const THREAD: &str = "antflow-terminal";
/// So long a key waits to be heard.
const HEAR_EVERY: Duration = Duration::from_millis(40);

/// The thread that draws. The run gives it snapshots and never waits for it, but for the last one.
#[derive(Debug)]
pub(super) struct Painter {
    mail: Arc<Mailbox>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
}

impl Painter {
    /// None if there is nothing to be shown, or no thread to be had.
    pub(super) fn start(level: Level, place: Place, steering: Option<Steering>) -> Option<Self> {
        if place == Place::Nowhere {
            return None;
        }
        let mail = Arc::new(Mailbox::default());
        let (ends, ended) = mpsc::channel();
        let letters = Arc::clone(&mail);
        let paint = move || {
            // The last thing to go is the sign that all is done.
            let _ends = ends;
            let painted =
                catch_unwind(AssertUnwindSafe(|| paint(&letters, level, place, steering)));
            if painted.is_err() {
                super::restore();
                crate::log::error!("a dashboard panicked");
            }
        };
        let thread = thread::Builder::new().name(THREAD.to_owned()).spawn(paint);
        match thread {
            Ok(_) => Some(Self { mail, ended }),
            Err(error) => {
                crate::log::error!(%error, "a dashboard cannot be shown");
                None
            }
        }
    }

    /// Shows this, unless something later comes before there is time for it.
    pub(super) fn show(&self, snapshot: DashboardSnapshot) {
        self.mail.put(Some(Box::new(snapshot)), false);
    }

    /// Shows this as the end, and waits until it is on the screen; but not for a screen that takes nothing.
    pub(super) fn finish(self, snapshot: DashboardSnapshot) {
        self.mail.put(Some(Box::new(snapshot)), true);
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        self.mail.put(None, true);
        if self.ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            super::full::raw_off();
            capture::abandon();
        }
    }
}

/// The latest snapshot, until the thread has time for it.
#[derive(Debug, Default)]
struct Mailbox {
    letter: Mutex<Letter>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct Letter {
    snapshot: Option<Box<DashboardSnapshot>>,
    is_last: bool,
}

impl Mailbox {
    fn put(&self, snapshot: Option<Box<DashboardSnapshot>>, is_last: bool) {
        let mut letter = self.letter();
        if snapshot.is_some() {
            letter.snapshot = snapshot;
        }
        letter.is_last |= is_last;
        drop(letter);
        self.came.notify_one();
    }

    /// What has come, after at most this time.
    fn take(&self, within: Option<Duration>) -> Letter {
        let is_empty = |letter: &mut Letter| letter.snapshot.is_none() && !letter.is_last;
        let letter = self.letter();
        let mut letter = match within {
            None => self
                .came
                .wait_while(letter, is_empty)
                .unwrap_or_else(PoisonError::into_inner),
            Some(time) => {
                let waited = self.came.wait_timeout_while(letter, time, is_empty);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        Letter {
            snapshot: letter.snapshot.take(),
            is_last: letter.is_last,
        }
    }

    fn letter(&self) -> MutexGuard<'_, Letter> {
        self.letter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is being shown.
enum Shown {
    Lines(Lines),
    InPlace(InPlace),
    Full(Box<Full>),
}

/// Draws what comes until the last has come.
fn paint(mail: &Mailbox, level: Level, place: Place, mut steering: Option<Steering>) {
    let mut claim = None;
    let mut shown = begin(level, place, &mut claim, &mut steering);
    let mut model: Option<Model> = None;
    loop {
        let letter = mail.take(matches!(shown, Shown::Full(_)).then_some(HEAR_EVERY));
        if let Some(snapshot) = letter.snapshot {
            let with_workers = level != Level::Progress && level != Level::Panel(Detail::Compact);
            let next = Model::of(&snapshot, model.as_ref(), with_workers);
            if claim.is_some() {
                capture::take();
            }
            update(&mut shown, &next);
            model = Some(next);
        }
        if letter.is_last {
            return end(shown, model.as_ref(), claim);
        }
        if let Shown::Full(full) = &mut shown
            && full.is_left(model.as_ref())
        {
            // The run goes on, and so does a line that says how far it has come.
            let look = full.look();
            shown = capture::between_lines(|| {
                full.leave();
                let mut line = in_place(Level::Progress, look, claim.as_ref());
                if let Some(model) = &model {
                    update(&mut line, model);
                }
                line
            });
        }
    }
}

fn begin(
    level: Level,
    place: Place,
    claim: &mut Option<Claim>,
    steering: &mut Option<Steering>,
) -> Shown {
    let Place::Screen { colors } = place else {
        return Shown::Lines(Lines::new());
    };
    *claim = Claim::take();
    let Some(claim) = claim else {
        return Shown::Lines(Lines::new());
    };
    let look = Look { colors };
    if level == Level::Panel(Detail::Full) {
        match Full::enter(look, steering.take()) {
            Ok(full) => {
                claim.set(Surface::Full(full.screen()));
                return Shown::Full(Box::new(full));
            }
            Err(error) => {
                crate::log::error!(%error, "the terminal is not fit for the full view");
                let _ = error;
            }
        }
    }
    in_place(level, look, Some(claim))
}

fn in_place(level: Level, look: Look, claim: Option<&Claim>) -> Shown {
    let shown = InPlace::new(level, look);
    if let Some(claim) = claim {
        claim.set(Surface::InPlace(shown.bar()));
    }
    Shown::InPlace(shown)
}

fn update(shown: &mut Shown, model: &Model) {
    match shown {
        Shown::Lines(lines) => {
            if let Some(line) = lines.update(model) {
                say(&line);
            }
        }
        Shown::InPlace(lines) if !model.has_ended => lines.draw(model),
        Shown::InPlace(_) => {}
        Shown::Full(full) => full.draw(model),
    }
}

fn end(shown: Shown, model: Option<&Model>, claim: Option<Claim>) {
    match claim {
        None => show_end(shown, model),
        Some(claim) => capture::between_lines(|| {
            show_end(shown, model);
            claim.forget();
        }),
    }
}

fn show_end(shown: Shown, model: Option<&Model>) {
    let ended = model.filter(|model| model.has_ended);
    match (shown, ended) {
        (Shown::InPlace(lines), Some(model)) => {
            lines.finish(model);
            // What comes next begins on a line of its own.
            let _ = capture::write(b"\r\n");
        }
        (Shown::InPlace(lines), None) => lines.clear(),
        (Shown::Full(mut full), ended) => {
            full.leave();
            if let Some(model) = ended {
                say(&plain::summary(model));
            }
        }
        (Shown::Lines(_), Some(model)) => say(&plain::summary(model)),
        (Shown::Lines(_), None) => {}
    }
}

/// Prints lines. Nobody may be there to read them, which does not matter.
fn say(lines: &str) {
    let mut log = super::LogWriter::new();
    let _ = std::io::Write::write_all(&mut log, format!("{lines}\n").as_bytes());
}
