use antflow::{State, pipeline, stage};

#[derive(Clone)]
struct Db;

#[stage]
async fn save(row: String, db: State<Db>) -> usize {
    let _ = db;
    row.len()
}

#[stage]
async fn trim(row: String) -> String {
    row
}

#[tokio::main]
async fn main() {
    let _ = pipeline!(trim >> save).run([String::new()]).await;
}
