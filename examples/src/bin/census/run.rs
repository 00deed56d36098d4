use std::pin::pin;
use std::sync::Arc;

use antflow::cluster::SubmitError;
use antflow::{BoxError, CancellationToken, Detail, PipelineResult, pipeline};
use antflow_metrics::Exporter;
use futures::{Stream, StreamExt};

use super::arguments::{Arguments, Level};
use super::durable;
use super::files::Files;
use super::interrupt;
use super::progress::Progress;
use super::stages::{App, measure, parse, read, store};
use super::tally::Tally;
use super::web::{Shown, Web};

const STOPPING: &str = "stopping: files that were begun are finished, the rest is cancelled; Ctrl-C again ends at once";
const PAUSING: &str =
    "stopping: start again with the same --cluster to go on; Ctrl-C again ends at once";

/// Shows what is about to run as the arguments say: here and in a cluster, it has the same methods for that.
macro_rules! shown {
    ($run:expr, $arguments:expr, $web:expr, $shown:expr) => {{
        let run = match $web {
            Some(web) => {
                let shown = Arc::clone($shown);
                $run.on_start(move |run| web.show(run, &shown))
            }
            None => $run,
        };
        match $arguments.dashboard {
            None => run,
            Some(Level::Progress) => run.progress(),
            Some(Level::Compact) => run.dashboard(Detail::Compact),
            Some(Level::Detailed) => run.dashboard(Detail::Detailed),
            Some(Level::Full) => run.dashboard(Detail::Full),
        }
    }};
}

/// Takes all files through the pipeline, and counts what became of them.
///
/// Results are counted as they come and forgotten, so it does not matter how many files there are.
pub(crate) async fn run(
    app: &App,
    arguments: &Arguments,
    exporter: Option<&Exporter>,
    web: Option<Web>,
) -> Result<Arc<Tally>, BoxError> {
    let workers_parse = arguments.workers_parse();
    let stop = CancellationToken::new();
    let is_durable = arguments.cluster.is_some();
    interrupt::listen(stop.clone(), if is_durable { PAUSING } else { STOPPING })?;

    let tally = Arc::new(Tally::default());
    let files = Files::below(&app.root, Arc::clone(&tally), stop.clone());
    let census =
        pipeline!(read >> parse.workers(workers_parse) >> measure >> store).with_state(app.clone());
    let census = match exporter {
        Some(exporter) => census.observe(exporter.pipeline("census")),
        None => census,
    };
    let census = match &web {
        Some(web) => census.observe(web.tracker()),
        None => census,
    };
    let shown = Shown::default();
    let has_line = arguments.dashboard.is_none();
    match &arguments.cluster {
        None => {
            let results = shown!(census.stream(files)?, arguments, web, &shown);
            count(results.map(Ok), &tally, &stop, has_line).await?;
        }
        Some(directory) => {
            let cluster = durable::open(directory).await?;
            let id = durable::run_id(&cluster, &app.root).await?;
            let census = cluster.submit(&census, files).id(id);
            let results = shown!(census, arguments, web, &shown).stream();
            // What is not done when it is stopped goes on when it is started again.
            let results = results.take_until(stop.clone().cancelled_owned());
            let counted = count(results, &tally, &stop, has_line).await;
            counted.map_err(durable::explain)?;
            tally.cancel_rest();
            durable::note_reads(app, &tally);
        }
    }
    Ok(tally)
}

/// Counts results until the last one.
async fn count(
    results: impl Stream<Item = Result<PipelineResult<()>, SubmitError>>,
    tally: &Tally,
    stop: &CancellationToken,
    has_line: bool,
) -> Result<(), SubmitError> {
    let mut results = pin!(results);
    let mut progress = Progress::new();
    let ended = loop {
        tokio::select! {
            result = results.next() => match result {
                Some(Ok(result)) => tally.count(result, stop),
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            },
            () = progress.due(), if has_line => progress.show(tally),
        }
    };
    if has_line {
        progress.clear();
    }
    ended
}
