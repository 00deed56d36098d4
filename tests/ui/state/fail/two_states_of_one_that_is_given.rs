use antflow::{State, pipeline, stage};

#[derive(Clone)]
struct Db;

#[derive(Clone)]
struct Cache;

#[stage]
async fn save(row: String, db: State<Db>, cache: State<Cache>) -> usize {
    let _ = (db, cache);
    row.len()
}

async fn go() {
    let _ = pipeline!(save).with_state(Db).run([String::new()]).await;
}

fn main() {
    let _ = go();
}
