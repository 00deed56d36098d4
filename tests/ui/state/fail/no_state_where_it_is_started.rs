use antflow::{State, pipeline, stage};

#[derive(Clone)]
struct Db;

#[stage]
async fn save(row: String, db: State<Db>) -> usize {
    let _ = db;
    row.len()
}

fn main() {
    let _ = pipeline!(save).start();
}
