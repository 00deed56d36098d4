//! Stages take the state, or parts of it.
#![deny(warnings)]

use std::sync::Arc;

use antflow::{FromRef, State, pipeline, stage, task};

#[derive(Clone)]
struct Db(Arc<str>);

struct App {
    db: Db,
    limit: usize,
}

impl FromRef<App> for Db {
    fn from_ref(app: &App) -> Self {
        app.db.clone()
    }
}

impl FromRef<App> for usize {
    fn from_ref(app: &App) -> Self {
        app.limit
    }
}

#[stage(retry = "per_task")]
async fn save(State(db): State<Db>, row: String, limit: State<usize>) -> String {
    assert!(row.len() < *limit);
    format!("{}/{row}", db.0)
}

#[task]
async fn check(row: &str, limit: State<usize>) -> usize {
    row.len().min(*limit)
}

#[stage]
struct Check(check);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let app = App { db: Db("db".into()), limit: 5 };
    let results = pipeline!(save >> Check).with_state(app).run(["row".to_owned()]).await.unwrap();
    assert_eq!(results[0].value.as_ref().unwrap(), &5);
}
