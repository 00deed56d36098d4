use antflow::{State, pipeline, stage};

struct Db;

#[stage]
async fn save(row: String, db: State<Db>) -> usize {
    let _ = db;
    row.len()
}

#[tokio::main]
async fn main() {
    let _ = pipeline!(save).with_state(Db).run([String::new()]).await;
}
