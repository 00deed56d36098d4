use antflow::{State, pipeline, stage};

#[derive(Clone)]
struct Db;

#[stage]
async fn save(row: String, db: State<Db>) -> usize {
    let _ = db;
    row.len()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // ANCHOR: fix
    let _ = pipeline!(save).with_state(Db).run([String::new()]).await;
    // ANCHOR_END: fix
}
