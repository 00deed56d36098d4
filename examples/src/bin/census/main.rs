//! The census of Rust source code as an antflow pipeline: `census --help` tells how to use it.
//!
//! [`stages`] holds the pipeline's stages and [`run`] runs it over the files that [`files`] finds. The rest is what every
//! command line program needs: arguments, progress, and a report at the end.

mod arguments;
mod durable;
mod files;
mod interrupt;
mod progress;
mod run;
mod stages;
mod tally;
mod web;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use antflow::BoxError;
use antflow_examples::census::{PARSE_STACK, Report, with_causes};
use antflow_metrics::Exporter;
use tokio::runtime::Runtime;

use self::arguments::Arguments;
use self::stages::App;
use self::tally::Tally;
use self::web::Web;

/// The census could not begin.
const REFUSED: u8 = 2;
/// The census ended, but not all of its result could be written.
const INCOMPLETE: u8 = 1;

fn main() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let begun = match Begun::new(&arguments) {
        Ok(begun) => begun,
        Err(error) => return fail(REFUSED, &*error),
    };
    match census(&arguments, begun) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(INCOMPLETE, &*error),
    }
}

fn fail(code: u8, error: &dyn Error) -> ExitCode {
    eprintln!("error: {}", with_causes(error));
    ExitCode::from(code)
}

/// What a census needs before it can begin.
struct Begun {
    app: App,
    runtime: Runtime,
    exporter: Option<Exporter>,
    web: Option<Web>,
}

impl Begun {
    fn new(arguments: &Arguments) -> Result<Self, BoxError> {
        let app = arguments.app()?;
        // A thread for each worker that parses, and one for all the rest.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(arguments.workers_parse() + 1)
            .thread_stack_size(PARSE_STACK)
            .enable_all()
            .build()?;
        let exporter = match arguments.metrics {
            Some(addr) => Some(runtime.block_on(Exporter::builder().listen(addr).start())?),
            None => None,
        };
        if let Some(addr) = exporter.as_ref().and_then(Exporter::local_addr) {
            progress::note(&format!("metrics at http://{addr}/metrics"));
        }
        let web = match arguments.web {
            Some(addr) => Some(runtime.block_on(Web::listen(addr))?),
            None => None,
        };
        Ok(Self {
            app,
            runtime,
            exporter,
            web,
        })
    }
}

fn census(arguments: &Arguments, mut begun: Begun) -> Result<(), BoxError> {
    let started = Instant::now();
    let web = begun.web.take();
    let Begun {
        app,
        runtime,
        exporter,
        ..
    } = &begun;
    let run = run::run(app, arguments, exporter.as_ref(), web);
    let tally = runtime.block_on(run)?;
    let (report, unwritten) = conclude(&tally, app, arguments, started);
    print(&report.rank(&app.store(), arguments.top())?, arguments.json)?;
    unwritten.map_or(Ok(()), Err)
}

/// Writes the last rows, and says of all files what became of them.
fn conclude(
    tally: &Tally,
    app: &App,
    arguments: &Arguments,
    started: Instant,
) -> (Report, Option<BoxError>) {
    let mut store = app.store();
    if let Err(error) = store.finish() {
        tally.not_written(store.waiting(), &error);
    }
    let failures = tally.take_failures();
    let unwritten = failures.iter().find(|failure| failure.stage == "store");
    let unwritten = unwritten.map(|failure| failure.error.clone().into());
    let stored = if arguments.cluster.is_some() {
        // Also those that were stored before the census was started again.
        tally.handed_over()
    } else {
        store.stored()
    };
    let (found, cancelled) = (tally.found(), tally.cancelled());
    let report = Report::new(found, stored, cancelled, started.elapsed(), failures);
    (report, unwritten)
}

/// Prints the report. A reader that has seen enough, such as `head`, is no error.
fn print(report: &Report, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let written = if json {
        writeln!(out, "{}", report.to_json())
    } else {
        write!(out, "{report}")
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
