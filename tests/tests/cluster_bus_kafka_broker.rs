//! Does the bus of Kafka heal when its broker dies and comes back?

mod kafka;

mod suite {
    antflow_tests::broker_suite!(crate::kafka::own);
}
