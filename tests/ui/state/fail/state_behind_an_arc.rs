use std::sync::Arc;

use antflow::{State, pipeline, stage};

struct Db;

#[stage]
async fn save(row: String, db: State<Db>) -> usize {
    let _ = db;
    row.len()
}

async fn go() {
    let _ = pipeline!(save).with_state(Arc::new(Db)).run([String::new()]).await;
}

fn main() {
    let _ = go();
}
