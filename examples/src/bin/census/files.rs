use std::path::{Path, PathBuf};
use std::sync::Arc;

use antflow::{CancellationToken, Item};
use antflow_examples::census::{Failure, Walk, walk};

use super::tally::Tally;

/// The files to be counted, found while the pipeline runs.
///
/// Once the census is to stop, files are still found, so that the report knows of them, but not given out any more.
pub(crate) struct Files {
    walk: Walk,
    tally: Arc<Tally>,
    stop: CancellationToken,
}

impl Files {
    pub(crate) fn below(root: &Path, tally: Arc<Tally>, stop: CancellationToken) -> Self {
        let walk = walk(root);
        Self { walk, tally, stop }
    }
}

impl Iterator for Files {
    type Item = Item<PathBuf>;

    fn next(&mut self) -> Option<Item<PathBuf>> {
        for entry in self.walk.by_ref() {
            self.tally.count_found();
            match entry {
                Ok(_) if self.stop.is_cancelled() => self.tally.count_cancelled(),
                Ok(path) => {
                    let id = path.to_string_lossy().into_owned();
                    return Some(Item::new(path).id(id));
                }
                Err(error) => self
                    .tally
                    .count_failed(Failure::new(&error.path, "walk", &error)),
            }
        }
        None
    }
}
