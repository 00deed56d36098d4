//! Does the bus over NATS keep what every bus has to, and say what is wrong with its server?

use std::sync::{Arc, Mutex};

use antflow::cluster::bus::{Bus, NatsBus};
use antflow_tests::bus_suite::bench::Connecting;
use antflow_tests::bus_suite::{Broker, BusBench};
use antflow_tests::servers::Nats;

/// A server that the tests share, or one that may be killed.
#[derive(Debug)]
struct Server {
    bus: NatsBus,
    url: String,
    own: Option<Mutex<Nats>>,
}

impl Broker for Server {
    fn another(&self) -> Connecting<'_> {
        connecting(self.url.clone())
    }

    fn close(&self) {
        self.bus.close();
    }

    fn stranger(&self) -> Connecting<'_> {
        connecting(self.own().fresh())
    }

    fn stop_broker(&self) {
        self.own().kill();
    }

    fn start_broker(&self) {
        self.own().restart();
    }
}

impl Server {
    fn own(&self) -> std::sync::MutexGuard<'_, Nats> {
        let own = self.own.as_ref().expect("it has a server of its own");
        own.lock().expect("nobody panics with it")
    }
}

fn connecting(url: String) -> Connecting<'static> {
    Box::pin(async move { Ok(Arc::new(NatsBus::connect(&url).await?) as Arc<dyn Bus>) })
}

async fn over(url: String, own: Option<Nats>) -> BusBench {
    let bus = NatsBus::connect(&url).await.expect("it connects");
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
    over(Nats::shared().fresh(), None).await
}

async fn own() -> BusBench {
    let server = Nats::start();
    over(server.fresh(), Some(server)).await
}

mod suite {
    antflow_tests::bus_suite!(super::super::shared);
}

mod broker {
    antflow_tests::broker_suite!(super::super::own);
}
