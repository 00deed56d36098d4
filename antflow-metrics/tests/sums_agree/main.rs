//! Whatever happens in a run, the metrics say what the run, its results, its tracker and its tasks say: to the last item.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

#[path = "../support/http.rs"]
mod http;
mod ledger;
mod plan;
#[path = "../support/programs.rs"]
mod programs;
#[path = "../support/scrape.rs"]
mod scrape;
mod watch;
mod witnesses;

use std::net::SocketAddr;
use std::sync::OnceLock;

use antflow::{pipeline, stage};
use antflow_metrics::{Exporter, names};
use antflow_tests::{millis, quiet, seconds, within};
use ledger::Ledger;
use plan::{Check, Plan, load, save};
use scrape::Scrape;
use watch::{Beside, Seen};
use witnesses::Witnesses;

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Finale {
    Join,
    /// After so many outcomes.
    Shutdown(u64),
}

const ROUNDS: u64 = 4;
const ITEMS: u64 = 600;

/// Scrapes again and again. No counter may ever fall. What is scraped when some items have ended is kept.
async fn scrape_on(addr: SocketAddr, middle: &OnceLock<String>) {
    let mut before = Scrape::default();
    loop {
        let text = http::get(addr, "/metrics").await;
        let now = Scrape::read(&text);
        for histogram in names::HISTOGRAMS {
            now.counts(histogram);
        }
        for (series, count) in before.of(names::COUNTERS) {
            let now = now.value(&series);
            assert!(now >= count, "{series}: {now} after {count}");
        }
        if now.value("antflow_items_total etl completed") > 0.0 {
            middle.get_or_init(|| text);
        }
        before = now;
    }
}

/// Compares a run with all who know of it, and gives a scrape of the time when it went on.
async fn round(seed: u64, beside: Beside, finale: Finale) -> Option<String> {
    let round = format!("round {seed}, beside {beside:?}, {finale:?}");
    let exporter = Exporter::builder()
        .listen(([127, 0, 0, 1], 0))
        .start()
        .await
        .unwrap();
    let addr = exporter.local_addr().unwrap();
    let (plan, seen) = (Plan::new(seed), Seen::new(beside));
    // Nobody records between the scrapes.
    let metrics = exporter
        .pipeline("etl")
        .with_workers(2)
        .every(seconds(3600));
    let etl = pipeline!(load >> Check >> save)
        .with_state(plan.clone())
        .observe(metrics);
    let etl = match beside {
        Beside::Nobody => etl,
        Beside::Tracker | Beside::Callbacks => etl.observe(seen.tracker.clone()),
    };
    let run = etl.start().unwrap();
    let to_its_end = async {
        match finale {
            Finale::Join => {
                run.feed(0..ITEMS).await.unwrap();
                run.join().await
            }
            Finale::Shutdown(outcomes) => {
                let cut_off = async {
                    while run.stats().items_processed < outcomes {
                        tokio::time::sleep(millis(1)).await;
                    }
                    run.shutdown().await
                };
                tokio::join!(run.feed(0..), cut_off).1
            }
        }
    };
    let (is_scraped, middle) = (seed.is_multiple_of(2), OnceLock::new());
    let scraped = async {
        if is_scraped {
            scrape_on(addr, &middle).await;
        }
        std::future::pending::<()>().await;
    };
    let results = tokio::select! {
        results = within(to_its_end) => results,
        () = scraped => unreachable!("it does not end"),
    };
    let witnesses = Witnesses {
        run: run.view(),
        results,
        plan,
        seen,
        is_whole: finale == Finale::Join,
        is_scraped,
    };
    let text = http::get(addr, "/metrics").await;
    let mut ledger = Ledger::new(round, Scrape::read(&text));
    witnesses.compare(&mut ledger);
    ledger.close();
    middle.into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_are_joined() {
    let mut middles = Vec::new();
    for beside in Beside::ALL {
        for seed in 0..ROUNDS {
            middles.extend(round(seed, beside, Finale::Join).await);
        }
    }
    let middle = middles.first().expect("a run was scraped while it went on");
    programs::check_metrics(middle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_are_cut_off() {
    for beside in Beside::ALL {
        for seed in 0..ROUNDS {
            round(seed, beside, Finale::Shutdown(100 * seed)).await;
        }
    }
}

#[stage(workers = 3)]
async fn hang(item: u64) -> u64 {
    std::future::pending::<()>().await;
    item
}

#[tokio::test(start_paused = true)]
async fn runs_under_other_settings_are_in_every_scrape_and_their_gauges_are_added() {
    let exporter = Exporter::builder().without_server().start().await.unwrap();
    let metrics = exporter.pipeline("etl");
    let of_workers = metrics.clone().with_workers(1).every(seconds(3600));
    let plain = pipeline!(hang).observe(metrics).start().unwrap();
    let with_workers = pipeline!(hang).observe(of_workers).start().unwrap();
    for run in [&plain, &with_workers] {
        within(run.feed(0..5)).await.unwrap();
    }
    quiet().await;
    let scrape = Scrape::read(&exporter.render());
    for (series, value) in [
        ("antflow_items_submitted_total etl", 10.0),
        ("antflow_items_in_flight etl", 10.0),
        ("antflow_stage_workers etl Hang", 6.0),
        ("antflow_worker_busy etl Hang 0", 1.0),
        ("antflow_worker_busy etl Hang other", 2.0),
    ] {
        assert_eq!(scrape.value(series), value, "{series}");
    }
}
