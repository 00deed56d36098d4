//! Does the bus over PostgreSQL keep what every bus has to, and say what is wrong with its server?

use std::sync::{Arc, Mutex};

use antflow::cluster::bus::{Bus, PostgresBus};
use antflow_tests::bus_suite::bench::Connecting;
use antflow_tests::bus_suite::{Broker, BusBench};
use antflow_tests::servers::Postgres;

/// A server that the tests share, or one that may be killed.
#[derive(Debug)]
struct Server {
    bus: PostgresBus,
    url: String,
    own: Option<Mutex<Postgres>>,
}

impl Broker for Server {
    fn another(&self) -> Connecting<'_> {
        connecting(self.url.clone())
    }

    fn close(&self) {
        self.bus.close();
    }

    fn stranger(&self) -> Connecting<'_> {
        connecting(format!("{}?prefix=stranger", self.url))
    }

    fn stop_broker(&self) {
        self.own().kill();
    }

    fn start_broker(&self) {
        self.own().restart();
    }
}

impl Server {
    fn own(&self) -> std::sync::MutexGuard<'_, Postgres> {
        let own = self.own.as_ref().expect("it has a server of its own");
        own.lock().expect("nobody panics with it")
    }
}

fn connecting(url: String) -> Connecting<'static> {
    Box::pin(async move { Ok(Arc::new(PostgresBus::connect(&url).await?) as Arc<dyn Bus>) })
}

async fn over(url: String, own: Option<Postgres>) -> BusBench {
    let bus = PostgresBus::connect(&url).await.expect("it connects");
    BusBench {
        bus: Arc::new(bus.clone()),
        broker: Box::new(Server {
            bus,
            url,
            own: own.map(Mutex::new),
        }),
    }
}

async fn shared() -> BusBench {
    over(Postgres::shared().database(), None).await
}

async fn own() -> BusBench {
    let server = Postgres::start(&[]);
    over(server.database(), Some(server)).await
}

mod suite {
    antflow_tests::bus_suite!(super::super::shared);
}

mod broker {
    antflow_tests::broker_suite!(super::super::own);
}
