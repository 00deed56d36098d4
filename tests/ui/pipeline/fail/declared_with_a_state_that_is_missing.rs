use antflow::{State, pipeline, stage};

#[derive(Clone)]
struct Db;

#[stage]
async fn save(row: String, db: State<Db>) -> usize {
    let _ = db;
    row.len()
}

pipeline! {
    pub Store: String => usize = save;
}

fn main() {
    let _ = Store::new().run([String::new()]);
}
