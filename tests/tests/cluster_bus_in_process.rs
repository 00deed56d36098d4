//! Does the bus inside a process keep what every bus has to?

use std::future::ready;
use std::sync::Arc;

use antflow::cluster::bus::{Bus, InProcessBus};
use antflow_tests::bus_suite::bench::Connecting;
use antflow_tests::bus_suite::{Broker, BusBench};

/// What says the same everywhere in this process.
#[derive(Debug)]
struct Clones(InProcessBus);

impl Broker for Clones {
    fn another(&self) -> Connecting<'_> {
        Box::pin(ready(Ok(Arc::new(self.0.clone()) as Arc<dyn Bus>)))
    }

    fn close(&self) {
        self.0.close();
    }
}

async fn bench() -> BusBench {
    let bus = InProcessBus::new();
    BusBench {
        bus: Arc::new(bus.clone()),
        broker: Box::new(Clones(bus)),
    }
}

mod suite {
    antflow_tests::bus_suite!(super::super::bench);
}
