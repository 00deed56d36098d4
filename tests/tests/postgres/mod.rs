//! The store that scenarios on servers have: a database of PostgreSQL.

use std::sync::Arc;

use antflow::cluster::store::{PostgresOptions, PostgresStore, Store};
use antflow_tests::scenarios::engines::Served;
use antflow_tests::scenarios::ground::Doing;
use antflow_tests::servers::Postgres;

/// A database of a server that others use too, with its URL.
pub(crate) fn shared() -> (String, Served<dyn Store>) {
    let url = Postgres::shared().database();
    (url.clone(), Served::shared(url, open))
}

/// A database of a server that is this case's alone, with its URL.
pub(crate) fn own() -> (String, Served<dyn Store>) {
    let server = Postgres::start(&[]);
    let url = server.database();
    (url.clone(), Served::own(url, open, server))
}

fn open(url: String) -> Doing<'static, Arc<dyn Store>> {
    Box::pin(async move {
        let store = PostgresStore::connect(&url, PostgresOptions::default()).await;
        Arc::new(store.expect("it connects")) as Arc<dyn Store>
    })
}
