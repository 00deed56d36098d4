use antflow::{State, pipeline, stage};

#[derive(Clone)]
struct Db;

#[stage]
async fn save(row: String, db: State<Db>) -> usize {
    let _ = db;
    row.len()
}

struct App;

#[tokio::main]
async fn main() {
    let _ = pipeline!(save).with_state(App).run([String::new()]).await;
}
