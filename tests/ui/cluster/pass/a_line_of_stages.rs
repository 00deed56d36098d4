//! Stages with state, lists of tasks, overrides and named pipelines.

use antflow::cluster::Cluster;
use antflow::cluster::worker::Worker;
use antflow::{Item, State, pipeline, stage, task};

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Page(String);

#[stage(workers = 2)]
async fn fetch(url: String) -> Page {
    Page(url)
}

#[task]
async fn count(page: Page) -> usize {
    page.0.len()
}

#[task]
async fn double(number: usize) -> usize {
    number * 2
}

#[stage]
struct Measure(count, double);

#[stage]
async fn add(number: usize, more: State<usize>) -> usize {
    number + *more
}

pipeline! { Ingest: String => usize = fetch >> Measure; }

fn submit(cluster: &Cluster) {
    let etl = pipeline!(fetch.workers(3) >> Measure >> add).with_state(3_usize);
    let items = [Item::new(String::from("a")).id("first")];
    drop(cluster.submit(&etl, items).id("run").remote());
    drop(Worker::builder().role::<fetch>().role::<Measure>());
    drop(Worker::builder().stages(&etl));
}

fn main() {
    let _ = submit;
    let _ = Ingest::GRAPH;
}
