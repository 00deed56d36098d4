//! A worker reads what its stage takes, and writes what it gives.

use antflow::cluster::worker::Worker;
use antflow::stage;

struct Page(String);

#[stage]
async fn count(page: Page) -> usize {
    page.0.len()
}

fn main() {
    drop(Worker::builder().role::<count>());
}
