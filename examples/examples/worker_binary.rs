//! A worker as a program of its own: what it is called, where its cluster is and all else comes from the environment.
//!
//! ```sh
//! ANTFLOW_CLUSTER=sqlite:///tmp/cluster.db ANTFLOW_WORKER_CAPACITY=4 worker_binary
//! ```
//!
//! It runs until Ctrl-C or SIGTERM, ends what it has begun, and says goodbye.

use antflow::cluster::worker::Worker;
use antflow::{BoxError, stage};

/// Makes a page of an address.
#[stage(workers = 4, retry = "per_task", attempts = 3)]
async fn fetch(address: String) -> Result<String, BoxError> {
    let name = address
        .strip_prefix("https://")
        .ok_or("this is no address")?;
    Ok(format!("the page of {name}"))
}

/// Counts the words of a page.
#[stage]
async fn count_words(page: String) -> usize {
    page.split_whitespace().count()
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    Worker::from_env()?
        .role::<fetch>()
        .role::<count_words>()
        .run()
        .await?;
    Ok(())
}
