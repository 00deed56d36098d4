//! Every form beyond stages in a line.
#![deny(warnings)]

use std::collections::HashSet;
use std::time::Duration;

use antflow::{Route, pipeline, stage};

#[derive(Clone)]
struct Page(String);

#[derive(Route)]
enum Document {
    Html(Page),
    Pdf(Vec<u8>),
}

#[stage]
async fn fetch(url: String) -> Page {
    Page(url)
}

#[stage]
async fn parse(page: Page) -> u32 {
    page.0.len() as u32
}

#[stage]
async fn pass<A: Send + 'static, B: Send + 'static>(pair: (A, B)) -> (A, B) {
    pair
}

#[stage]
async fn pair(page: Page) -> (Vec<Vec<u32>>, u8) {
    (vec![vec![page.0.len() as u32]], 1)
}

#[stage]
async fn classify(page: Page) -> Document {
    Document::Html(page)
}

#[stage]
async fn pages(pdf: Vec<u8>) -> u32 {
    pdf.len() as u32
}

#[stage]
async fn store(number: u32) -> u32 {
    number
}

#[stage]
async fn store_all(numbers: Vec<u32>) -> Vec<u32> {
    numbers
}

mod text {
    pub(crate) fn is_long(page: &super::Page) -> bool {
        page.0.len() > 2
    }

    pub(crate) fn words(page: super::Page) -> impl Iterator<Item = super::Page> + Send {
        let words: Vec<_> = page.0.split(' ').map(|word| super::Page(word.to_owned())).collect();
        words.into_iter()
    }
}

macro_rules! forked {
    ($first:expr, $branches:expr, $($rest:tt)*) => {
        pipeline!($first >> $branches >> $($rest)*)
    };
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let seen = HashSet::from(["known".to_owned()]);
    let wait = Duration::from_secs(1);
    let size = 2;
    let _ = pipeline!(fetch >> (parse & parse.named("Again").workers(2)));
    let _ = pipeline!(fetch >> (parse >> store & pair >> pass::<Vec<Vec<u32>>, u8> & (parse {})));
    let _ = pipeline!(fetch >> (parse & parse & parse & parse & parse & parse & parse & parse) >> store.queue(5));
    let _ = pipeline!(fetch >> classify >> { Html => parse, Pdf => pages });
    let _ = pipeline!(fetch >> classify >> { Pdf => pages >> store, Html => parse.workers(4), } >> store);
    let _ = pipeline!(
        fetch >> filter(text::is_long) >> filter(move |page: &Page| !seen.contains(&page.0)) >> parse
    );
    let _ = pipeline!(fetch >> flat_map(text::words) >> flat_map(|page| [page.clone(), page]) >> parse);
    let _ = pipeline!(fetch >> parse >> batch(100, "1m 30s") >> store_all.workers(2) >> store);
    let _ = pipeline!(fetch >> classify >> { Html => parse >> batch(size, wait) >> store_all, Pdf => pages } >> store);
    let _ = pipeline!(fetch >> broadcast([parse {}, parse {}]) >> store);
    let _ = pipeline!(
        fetch
            >> (parse >> (store & store) & classify >> { Html => parse, Pdf => pages } >> store >> (store & store))
    );
    let _ = pipeline!(
        fetch
            >> (fetch_again >> (parse & parse) >> store & parse)
            >> store
    );
    let _ = forked!(fetch, (parse & parse), store);
    let _ = forked!(fetch, parse, filter(|number| *number > 5) >> store);
    let _ = pipeline!(fetch >> { parse {} } >> { let store = store {}; store });
}

#[stage]
async fn fetch_again(page: Page) -> Page {
    page
}
