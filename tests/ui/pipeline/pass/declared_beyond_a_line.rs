//! Pipelines with names, beyond stages in a line.
#![deny(warnings, missing_docs, missing_debug_implementations)]

use antflow::{ItemError, Route, pipeline, stage};

/// A page.
#[derive(Debug, Clone)]
pub struct Page(String);

/// What a page is.
#[derive(Debug, Route)]
pub enum Document {
    /// Text.
    Html(Page),
    /// Something else.
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

fn is_long(page: &Page) -> bool {
    page.0.len() > 2
}

fn words(page: Page) -> Vec<Page> {
    vec![page]
}

type Parts<T> = Vec<Result<T, ItemError>>;

pipeline! {
    /// A fork.
    pub Forked: String => (Result<u32, ItemError>, Result<u32, ItemError>) = fetch >> (parse & parse >> store);

    /// Branches that come together.
    pub Merged: String => (Result<u32, ItemError>, Result<u32, ItemError>) = fetch >> (parse & parse) >> store;

    /// A route.
    pub Routed: String => u32 = fetch >> classify >> { Pdf => pages >> store, Html => parse.workers(4) };

    /// A route that comes together.
    pub Stored: String => u32 = fetch >> classify >> { Html => parse, Pdf => pages } >> store;

    /// A filter.
    pub Filtered: String => Option<Option<u32>> = fetch >> filter(is_long) >> filter(|_| true) >> parse;

    /// Parts.
    pub Divided: String => Parts<Option<u32>> = fetch >> flat_map(words) >> filter(is_long) >> parse;

    /// Parts that are copied.
    pub Copied: String => Parts<(Result<u32, ItemError>, Result<u32, ItemError>)> =
        fetch >> flat_map(words) >> (parse & parse) >> store;

    /// Batches.
    pub Batched: String => u32 = fetch >> parse >> batch(10, "5s") >> store_all >> store;

    /// Batches of parts.
    pub Gathered: String => Parts<u32> = fetch >> parse >> flat_map(|number| 0..number) >> batch(10, "5s") >> store_all;

    /// All of it.
    pub Nested: String => (Result<u32, ItemError>, Result<(Result<u32, ItemError>, Result<u32, ItemError>), ItemError>) =
        fetch >> (classify >> { Html => parse >> batch(5, "1s") >> store_all, Pdf => pages } >> store & parse >> (store & store));
}

fn main() {
    let edges = |graph: antflow::Graph| graph.edges().len();
    assert_eq!(edges(Forked::GRAPH), 3);
    assert_eq!(Nested::GRAPH.stages().len(), 9);
    let _ = (Merged::new(), Routed::new(), Stored::new(), Filtered::new(), Divided::new());
    let _ = (Copied::new(), Batched::new(), Gathered::new(), Nested::new());
}
