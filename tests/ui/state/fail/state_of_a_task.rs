use antflow::{State, pipeline, stage};

#[derive(Clone)]
struct Db;

#[stage]
async fn save(row: String, db: State<Db>) -> usize {
    let _ = db;
    row.len()
}

#[antflow::task]
async fn write(row: String, db: State<Db>) -> usize {
    let _ = db;
    row.len()
}

#[stage]
struct Write(write);

#[tokio::main]
async fn main() {
    let _ = pipeline!(Write).run([String::new()]).await;
}
