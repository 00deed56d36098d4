//! A browser shows the page of a run: it moves, it finds, it shows texts as texts, and asks nobody else for anything.
//!
//! With `ANTFLOW_PICTURE=<file>`, a picture of the page is put there.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

mod browser;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use antflow::dashboard::web::{Server, WebDashboard};
use antflow::{Feeder, Handle, Item, StatusTracker, TaskContext, pipeline, stage};
use tokio::runtime::Runtime;
use tokio::time::sleep;

use self::browser::Browser;

/// An item is how long it takes in milliseconds; the one of 13 fails.
#[stage(
    workers = 6,
    queue = 40,
    retry = "per_task",
    attempts = 2,
    wait = "5ms"
)]
async fn fetch(item: u64, cx: &TaskContext) -> Result<u64, String> {
    cx.set_status("<u>asking</u>");
    sleep(Duration::from_millis(item)).await;
    match item {
        13 => Err("<img src=x onerror=\"document.title='hacked'\"> is no page".to_owned()),
        _ => Ok(item),
    }
}

#[stage(name = "<b>x</b>", workers = 3)]
async fn check(item: u64) -> u64 {
    item
}

#[stage(workers = 2)]
async fn save(item: u64) -> u64 {
    sleep(Duration::from_millis(5)).await;
    item
}

/// A run that is shown, beside the thread that looks at it.
struct Shown {
    runtime: Runtime,
    run: Handle<u64, u64>,
    server: Option<Server>,
}

impl Shown {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let _entered = runtime.enter();
        let tracker = StatusTracker::new();
        let pipeline = pipeline!(fetch >> check >> save).observe(tracker.clone());
        let run = pipeline.start().unwrap();
        let dashboard = WebDashboard::new(run.view())
            .tracker(tracker)
            .control(run.control(), "secret")
            .update_every(Duration::from_millis(100));
        let server = runtime.block_on(dashboard.serve(0)).unwrap();
        Self {
            run,
            server: Some(server),
            runtime,
        }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.server.as_ref().unwrap().local_addr())
    }

    fn feed(&self, items: impl IntoIterator<Item = Item<u64>, IntoIter: Send + 'static>) {
        let feeder: Feeder<u64> = self.run.feeder();
        let items = items.into_iter();
        self.runtime.spawn(async move { feeder.feed(items).await });
    }
}

/// Where a picture goes.
fn picture(name: &str) -> PathBuf {
    let wanted = env::var_os("ANTFLOW_PICTURE").filter(|_| name == "light");
    wanted.map_or_else(
        || PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("web-dashboard-{name}.png")),
        PathBuf::from,
    )
}

fn text_of(id: &str) -> String {
    format!("document.getElementById('{id}').textContent")
}

#[test]
fn a_run_is_seen_in_a_browser() {
    let shown = Shown::start();
    let browser = Browser::open();
    browser.visit(&shown.url());

    // Numbers move.
    shown.feed((0..100_000).map(|item| Item::new(20 + item % 40)));
    let processed = format!("Number({}.replaceAll(',', ''))", text_of("processed"));
    browser.until(&format!("return {processed} > 0"));
    let before = browser.run(&format!("return {processed}"));
    browser.until(&format!("return {processed} > {before} + 20"));
    assert_eq!(
        browser.run(&format!("return {}", text_of("state"))),
        "running"
    );
    browser.until("return document.querySelectorAll('#workers tr').length === 11");
    browser.until(
        "return document.querySelector('#graph polyline').getAttribute('points').length > 20",
    );

    // Texts are texts, wherever they come from.
    let names =
        "return [...document.querySelectorAll('#graph h3')].map((name) => name.textContent).join()";
    assert_eq!(browser.run(names), "Fetch,<b>x</b>,Save");
    assert_eq!(
        browser.run("return document.querySelectorAll('#graph b, main img, main u').length"),
        0
    );
    browser
        .until("return document.getElementById('workers').textContent.includes('<u>asking</u>')");

    // A failure appears, and what the item went through is found by its id, with the keyboard alone.
    let odd = "order/7 <b>&\"";
    let feeder = shown.run.feeder();
    shown
        .runtime
        .block_on(
            feeder.feed([Item::new(13)
                .id(odd)
                .priority(1)
                .metadata("customer", "<i>me</i>")]),
        )
        .unwrap();
    browser.until("return document.getElementById('failures').textContent.includes('<img src=x')");
    browser.until("return document.getElementById('by-stage').textContent === 'Fetch1'");
    browser.run("document.getElementById('id').focus()");
    browser.press(odd);
    browser.press("\u{e007}");
    browser.until("return document.querySelectorAll('#timeline > li').length >= 4");
    let found = browser.run(&format!("return {}", text_of("found")));
    assert_eq!(
        found,
        format!("Item {odd} (customer: <i>me</i>): failed in Fetch")
    );
    assert_eq!(
        browser.run("return [...document.querySelectorAll('#timeline .badge')].map((one) => one.textContent).join()"),
        "queued,in progress,retrying,in progress,failed"
    );
    assert_ne!(browser.run("return document.title"), "hacked");
    browser.run("document.querySelector('#workers button.item:not([hidden])').click()");
    browser.until(&format!(
        "return !{}.includes('customer')",
        text_of("found")
    ));

    check_names(&browser);
    take_pictures(&browser);
    steer(&shown, &browser);
    check_end(shown, &browser);
}

/// Everything that can be used has a name, and nothing is wider than a phone.
fn check_names(browser: &Browser) {
    let nameless = "return [...document.querySelectorAll('button, input, select')] \
         .filter((one) => !one.hidden && !one.closest('label') && one.textContent.trim() === '' && one.checkVisibility()) \
         .map((one) => one.outerHTML).join()";
    assert_eq!(browser.run(nameless), "");
    browser.look("light", 360);
    browser.until("return document.documentElement.scrollWidth <= 360");
}

fn take_pictures(browser: &Browser) {
    for (colours, width, name) in [
        ("light", 1280, "light"),
        ("dark", 1280, "dark"),
        ("light", 390, "phone"),
    ] {
        browser.look(colours, width);
        std::thread::sleep(Duration::from_millis(500));
        browser.picture(&picture(name));
    }
    let dark = "return getComputedStyle(document.body).backgroundColor";
    browser.look("dark", 1280);
    let night = browser.run(dark);
    browser.look("light", 1280);
    assert_ne!(browser.run(dark), night);
}

fn steer(shown: &Shown, browser: &Browser) {
    let answer = text_of("steered-to");
    browser.run("document.getElementById('pause').click()");
    browser.until(&format!(
        "return {answer}.includes('token is missing or wrong')"
    ));
    assert!(!shown.run.stats().stage_stats[0].is_paused);
    browser.run("document.getElementById('token').value = 'secret'; document.getElementById('pause').click()");
    browser.until(&format!("return {} === 'paused'", text_of("state")));
    assert!(
        shown
            .run
            .stats()
            .stage_stats
            .iter()
            .all(|stage| stage.is_paused)
    );
    browser.run("document.getElementById('resume').click()");
    browser.until(&format!("return {} === 'running'", text_of("state")));
    browser.run(
        "document.getElementById('steered').value = '<b>x</b>'; document.getElementById('size').value = 9; \
         document.getElementById('resize').click()",
    );
    browser.until("return document.querySelectorAll('#workers tr').length === 17");
}

/// The end is shown, nobody else was asked for anything, and nothing was complained about but the missing token.
fn check_end(mut shown: Shown, browser: &Browser) {
    let url = shown.url();
    shown.runtime.block_on(shown.run.shutdown());
    browser.until(&format!("return {} === 'ended'", text_of("state")));
    browser.until("return document.getElementById('steer').hidden");

    let asked =
        browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)");
    let asked = asked.as_array().unwrap();
    assert!(!asked.is_empty());
    let elsewhere = asked
        .iter()
        .filter(|name| !name.as_str().unwrap().starts_with(&url));
    assert_eq!(elsewhere.count(), 0, "{asked:?}");
    let console = browser.console();
    let complaints = console.as_array().unwrap().iter().filter(|entry| {
        let message = entry["message"].as_str().unwrap();
        !(message.contains("/api/control/pause") && message.contains("401"))
    });
    assert_eq!(complaints.count(), 0, "{console}");

    // A page that has lost its server says so, and finds it again.
    let addr = shown.server.as_ref().unwrap().local_addr();
    let server = shown.server.take().unwrap();
    shown.runtime.block_on(server.shutdown());
    browser.until("return !document.getElementById('link').hidden");
    let again = WebDashboard::new(shown.run.view()).serve(addr);
    let _server = shown.runtime.block_on(again).unwrap();
    browser.until("return document.getElementById('link').hidden");
    browser.until(&format!("return {} === 'ended'", text_of("state")));
}
