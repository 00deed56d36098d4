use std::sync::Arc;

use antflow::{BoxError, CancellationToken, Detail, pipeline};
use antflow_metrics::Exporter;

use super::arguments::{Arguments, Level};
use super::files::Files;
use super::interrupt;
use super::progress::Progress;
use super::stages::{App, measure, parse, read, store};
use super::tally::Tally;
use super::web::{Shown, Web};

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
    interrupt::listen(stop.clone())?;

    let tally = Arc::new(Tally::default());
    let files = Files::below(&app.root, Arc::clone(&tally), stop.clone());
    let census =
        pipeline!(read >> parse.workers(workers_parse) >> measure >> store).with_state(app.clone());
    let census = match exporter {
        Some(exporter) => census.observe(exporter.pipeline("census")),
        None => census,
    };
    let shown = Shown::default();
    let results = match web {
        Some(web) => {
            let tracker = web.tracker();
            let shown = Arc::clone(&shown);
            let results = census.observe(tracker).stream(files)?;
            results.on_start(move |run| web.show(run, &shown))
        }
        None => census.stream(files)?,
    };
    let mut results = match arguments.dashboard {
        None => results,
        Some(Level::Progress) => results.progress(),
        Some(Level::Compact) => results.dashboard(Detail::Compact),
        Some(Level::Detailed) => results.dashboard(Detail::Detailed),
        Some(Level::Full) => results.dashboard(Detail::Full),
    };
    let mut progress = Progress::new();
    let has_line = arguments.dashboard.is_none();
    loop {
        tokio::select! {
            result = results.next() => match result {
                Some(result) => tally.count(result, &stop),
                None => break,
            },
            () = progress.due(), if has_line => progress.show(&tally),
        }
    }
    if has_line {
        progress.clear();
    }
    Ok(tally)
}
