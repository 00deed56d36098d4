//! Does PostgreSQL, as a store and with LISTEN and NOTIFY as a bus, do right in each scenario?

use std::sync::Arc;

use antflow::cluster::bus::{Bus, PostgresBus};
use antflow_tests::scenarios::Ground;
use antflow_tests::scenarios::engines::Served;
use antflow_tests::scenarios::ground::Doing;
use antflow_tests::{cluster_scenarios, database_outages};

mod postgres;

fn bus(url: String) -> Doing<'static, Arc<dyn Bus>> {
    Box::pin(async move {
        let bus = PostgresBus::connect(&url).await;
        Arc::new(bus.expect("it connects")) as Arc<dyn Bus>
    })
}

async fn shared() -> Ground {
    let (url, stores) = postgres::shared();
    Ground::of(stores, Served::shared(url, bus)).await
}

async fn own() -> Ground {
    let (url, stores) = postgres::own();
    Ground::of(stores, Served::shared(url, bus)).await
}

cluster_scenarios!(super::shared);

database_outages!(super::own);
