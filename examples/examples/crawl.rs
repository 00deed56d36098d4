//! A crawler: a stage that feeds the pipeline it is part of.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use antflow::{BoxError, Item, State, TaskContext, pipeline, stage};

/// A site: pages, and the pages that they link to.
const SITE: [(&str, &[&str]); 4] = [
    ("/", &["/ants", "/flow", "/lost"]),
    ("/ants", &["/", "/flow"]),
    ("/flow", &["/flow/deep"]),
    ("/flow/deep", &["/"]),
];

#[derive(Debug, thiserror::Error)]
#[error("404 not found")]
struct NotFound;

struct Page {
    url: &'static str,
    links: &'static [&'static str],
}

/// The pages that were found so far, so that none is visited twice.
type Seen = Arc<Mutex<HashSet<&'static str>>>;

/// Downloads a page; somewhere else, this would be a request.
#[stage(workers = 4)]
async fn visit(url: &'static str) -> Result<Page, NotFound> {
    let page = SITE.into_iter().find(|(known, _)| *known == url);
    page.map(|(url, links)| Page { url, links }).ok_or(NotFound)
}

/// Feeds the new links of a page to `visit`, and gives the number of them.
///
/// The run ends when all pages have come to their end, those that are fed here among them.
#[stage]
async fn follow(
    page: Page,
    State(seen): State<Seen>,
    cx: &TaskContext,
) -> Result<String, BoxError> {
    let new: Vec<_> = {
        let mut seen = seen.lock().expect("nothing panics while it is locked");
        page.links
            .iter()
            .copied()
            .filter(|link| seen.insert(link))
            .collect()
    };
    let found = cx
        .feed_at::<visit>(new.into_iter().map(|url| Item::new(url).id(url)))
        .await?;
    Ok(format!("{} has {found} new links", page.url))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let start = "/";
    let crawler =
        pipeline!(visit >> follow).with_state(Seen::new(Mutex::new(HashSet::from([start]))));

    for result in crawler.run([Item::new(start).id(start)]).await? {
        match result.value {
            Ok(line) => println!("{line}"),
            Err(error) => println!("{}: {error}", result.id),
        }
    }
    Ok(())
}
