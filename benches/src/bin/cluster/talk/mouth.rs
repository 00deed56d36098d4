use std::io::{BufRead as _, Stdout, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Order, Word};

/// How often it says how much was handled: seldom enough that saying it costs nothing.
const PACE: Duration = Duration::from_millis(5);

/// Says what a member has to say, on its standard output: one line at a time.
#[derive(Debug)]
pub(crate) struct Mouth {
    handled: AtomicU64,
    output: Stdout,
}

impl Mouth {
    /// One that says how much was handled, whenever that has changed.
    pub(crate) fn new() -> Arc<Self> {
        let mouth = Arc::new(Self {
            handled: AtomicU64::new(0),
            output: std::io::stdout(),
        });
        let counted = Arc::clone(&mouth);
        std::thread::spawn(move || {
            let mut said = 0;
            loop {
                std::thread::sleep(PACE);
                let count = counted.handled.load(Ordering::Relaxed);
                if count != said {
                    counted.say(&Word::Handled { count });
                    said = count;
                }
            }
        });
        mouth
    }

    /// A piece of work is done.
    pub(crate) fn handled(&self) {
        self.handled.fetch_add(1, Ordering::Relaxed);
    }

    /// Says it at once.
    pub(crate) fn say(&self, word: &Word) {
        if let Ok(mut line) = serde_json::to_string(word) {
            line.push('\n');
            // Who has started this process may be gone; then it ends.
            drop(self.output.lock().write_all(line.as_bytes()));
        }
    }
}

/// The orders of whoever has started this process, until that is gone.
pub(crate) fn orders() -> mpsc::UnboundedReceiver<Order> {
    let (say, hear) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let order = line.map(|line| serde_json::from_str(&line));
            match order {
                Ok(Ok(order)) if say.send(order).is_ok() => {}
                _ => return,
            }
        }
    });
    hear
}
