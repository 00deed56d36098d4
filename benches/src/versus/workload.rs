//! The workloads: how many stages, workers and items, and what each stage does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Workload {
    Hop,
    HopWide,
    Yield,
    Cpu1us,
    Cpu10us,
    IoWide,
    IoStages,
    Latency,
    Fan,
}

/// The measures of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) stages: usize,
    /// Workers of each stage.
    pub(crate) workers: usize,
    /// Room in the queue in front of each stage.
    pub(crate) capacity: usize,
    pub(crate) items: usize,
}

impl Workload {
    pub(crate) const ALL: [Self; 9] = [
        Self::Hop,
        Self::HopWide,
        Self::Yield,
        Self::Cpu1us,
        Self::Cpu10us,
        Self::IoWide,
        Self::IoStages,
        Self::Latency,
        Self::Fan,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hop => "hop",
            Self::HopWide => "hop-wide",
            Self::Yield => "yield",
            Self::Cpu1us => "cpu-1us",
            Self::Cpu10us => "cpu-10us",
            Self::IoWide => "io-wide",
            Self::IoStages => "io-stages",
            Self::Latency => "latency",
            Self::Fan => "fan",
        }
    }

    /// The workloads of one name on the command line; `io` is two of them.
    pub(crate) fn parse(name: &str) -> Result<Vec<Self>, String> {
        if name == "io" {
            return Ok(vec![Self::IoWide, Self::IoStages]);
        }
        let known = Self::ALL.map(Self::name);
        Self::ALL
            .into_iter()
            .find(|workload| workload.name() == name)
            .map(|workload| vec![workload])
            .ok_or_else(|| {
                format!(
                    "unknown workload `{name}`; known are {}, io",
                    known.join(", ")
                )
            })
    }

    pub(crate) fn shape(self) -> Shape {
        let (stages, workers, items) = match self {
            Self::Hop | Self::Yield => (3, 4, 1_000_000),
            Self::HopWide => (8, 64, 500_000),
            Self::Cpu1us => (3, 4, 600_000),
            Self::Cpu10us => (3, 4, 80_000),
            Self::IoWide => (1, 1000, 100_000),
            Self::IoStages => (3, 100, 20_000),
            Self::Latency => (3, 4, 20_000),
            Self::Fan => (1, 10_000, 10_000),
        };
        let capacity = match self {
            // Each worker gets one item: a longer queue would only be memory, and the workers are what is weighed.
            Self::Fan => 128,
            _ => 10 * workers,
        };
        Shape {
            stages,
            workers,
            capacity,
            items,
        }
    }

    /// How many items are enough to count allocations: once as many, and twice as many. None where an item is not
    /// what counts.
    pub(crate) fn items_to_count(self) -> Option<usize> {
        match self {
            Self::Fan => None,
            Self::Latency => Some(2_000),
            Self::IoWide | Self::IoStages | Self::Cpu10us => Some(10_000),
            _ => Some(50_000),
        }
    }

    /// How long each stage computes.
    pub(crate) fn spin(self) -> Option<Duration> {
        match self {
            Self::Cpu1us => Some(Duration::from_micros(1)),
            Self::Cpu10us => Some(Duration::from_micros(10)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_its_workload() {
        for workload in Workload::ALL {
            assert_eq!(Workload::parse(workload.name()), Ok(vec![workload]));
        }
    }

    #[test]
    fn io_is_both_shapes() {
        let both = vec![Workload::IoWide, Workload::IoStages];
        assert_eq!(Workload::parse("io"), Ok(both));
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = Workload::parse("hops").unwrap_err();
        assert!(
            error.contains("`hops`") && error.contains("hop-wide"),
            "{error}"
        );
    }
}
