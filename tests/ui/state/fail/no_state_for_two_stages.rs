use antflow::{State, pipeline, stage};

#[derive(Clone)]
struct Db;

#[stage]
async fn load(key: String, db: State<Db>) -> String {
    let _ = db;
    key
}

#[stage]
async fn save(row: String, db: State<Db>) -> usize {
    let _ = db;
    row.len()
}

async fn go() {
    let _ = pipeline!(load >> save).run([String::new()]).await;
}

fn main() {
    let _ = go();
}
