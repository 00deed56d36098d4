//! Does PostgreSQL, with Kafka as its bus, do right in each scenario?

use std::sync::Arc;

use antflow::cluster::bus::{Bus, KafkaBus};
use antflow_tests::scenarios::Ground;
use antflow_tests::scenarios::engines::Served;
use antflow_tests::scenarios::ground::Doing;
use antflow_tests::servers::Kafka;
use antflow_tests::{broker_outages, cluster_scenarios, database_outages};

mod postgres;

fn bus(url: String) -> Doing<'static, Arc<dyn Bus>> {
    Box::pin(async move {
        let bus = KafkaBus::connect(&url).await;
        Arc::new(bus.expect("it connects")) as Arc<dyn Bus>
    })
}

async fn shared() -> Ground {
    let (_, stores) = postgres::shared();
    Ground::of(stores, Served::shared(Kafka::shared().fresh(), bus)).await
}

async fn own_database() -> Ground {
    let (_, stores) = postgres::own();
    Ground::of(stores, Served::shared(Kafka::shared().fresh(), bus)).await
}

async fn own_broker() -> Ground {
    let (_, stores) = postgres::shared();
    let server = Kafka::start();
    Ground::of(stores, Served::own(server.fresh(), bus, server)).await
}

cluster_scenarios!(super::shared);
database_outages!(super::own_database);
broker_outages!(super::own_broker);
