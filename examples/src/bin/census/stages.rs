//! The stages: the plain functions of the census, each with the pool of workers that suits it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use antflow::{BoxError, State, stage};
use antflow_examples::census::{self, Measures, Outline, ParseError, Source, Store, StoreError};
use tokio::task::{spawn_blocking, yield_now};

/// What the stages share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) root: Arc<Path>,
    store: Arc<Mutex<Store>>,
    /// How many files were read.
    reads: Arc<AtomicU64>,
    /// Is a file done when its stages are, whatever becomes of this process?
    is_durable: bool,
}

impl App {
    pub(crate) fn new(root: &Path, store: Store, is_durable: bool) -> Self {
        Self {
            root: root.into(),
            store: Arc::new(Mutex::new(store)),
            reads: Arc::default(),
            is_durable,
        }
    }

    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store
            .lock()
            .expect("no thread panics while it holds the store")
    }
}

/// Reads a file. The workers mostly wait for the disk, so there may be more of them than cores.
#[stage(workers = 4)]
pub(crate) async fn read(path: PathBuf, State(app): State<App>) -> Result<Source, BoxError> {
    app.reads.fetch_add(1, Ordering::Relaxed);
    Ok(spawn_blocking(move || census::read(&app.root, path)).await??)
}

/// Parses a file, which takes nearly all of the time.
///
/// How many workers there are is said where the pipeline is made, and the runtime has a thread for each of them: so the
/// work may be done in place, and the syntax trees stay with the threads that made them.
#[stage]
pub(crate) async fn parse(source: &Source) -> Result<Outline, ParseError> {
    // The thread is busy for a while now. What this worker has woken just before goes first, as tokio keeps it here.
    yield_now().await;
    census::parse(source)
}

/// Counts what was found in a file.
#[stage]
pub(crate) async fn measure(outline: &Outline) -> Measures {
    census::measure(outline)
}

/// Hands a row to the database, which gathers rows and writes them together, unless each has to be there when it is done.
/// One worker, as SQLite has one writer.
#[stage]
pub(crate) async fn store(row: Measures, State(app): State<App>) -> Result<(), StoreError> {
    if app.is_durable {
        return app.store().write(row);
    }
    app.store().insert(row)
}
