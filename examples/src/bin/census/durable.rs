//! A census that goes on where it was, whatever ended it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use antflow::BoxError;
use antflow::cluster::store::RunFilter;
use antflow::cluster::{Cluster, SubmitError};

use super::progress::note;
use super::stages::App;
use super::tally::Tally;

/// Opens the cluster in this directory.
pub(crate) async fn open(directory: &Path) -> Result<Cluster, BoxError> {
    Ok(Cluster::embedded(directory.join("cluster.db")).await?)
}

/// The id of the census of these files that is still under way, or of a new one.
pub(crate) async fn run_id(cluster: &Cluster, root: &Path) -> Result<String, BoxError> {
    let mut hasher = DefaultHasher::new();
    root.canonicalize()?.hash(&mut hasher);
    let prefix = format!("census-{:016x}-", hasher.finish());
    let mut filter = RunFilter::default();
    loop {
        let runs = cluster.runs(filter.clone()).await?;
        let Some(last) = runs.last() else {
            // The first census of these files.
            return Ok(format!("{prefix}1"));
        };
        filter.after = Some(last.id.clone());
        let mut ours = runs
            .iter()
            .filter_map(|run| Some((run, run.id.as_str().strip_prefix(&prefix)?)));
        if let Some((newest, number)) = ours.next() {
            if !newest.state.is_terminal() {
                return Ok(newest.id.to_string());
            }
            let number: u64 = number.parse()?;
            return Ok(format!("{prefix}{}", number + 1));
        }
    }
}

/// Says how much of the work was left to do.
pub(crate) fn note_reads(app: &App, tally: &Tally) {
    note(&format!(
        "{} of {} files were read now",
        app.reads(),
        tally.found()
    ));
}

/// What to do where the files are others than when the census was begun.
pub(crate) fn explain(error: SubmitError) -> BoxError {
    match error {
        SubmitError::OtherItems { .. } | SubmitError::AnotherItem { .. } => {
            "there are other files than when the census was begun: begin anew, with another directory for --cluster".into()
        }
        error => error.into(),
    }
}
