//! The implementations, and which workloads they have an answer to.

use super::workload::Workload;

/// A way to run the stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Implementation {
    Antflow,
    AntflowEvents,
    AntflowCallbacks,
    AntflowCallbacksOwned,
    AntflowTracker,
    AntflowTrackerLast,
    AntflowTrackerOff,
    AntflowMetrics,
    AntflowAll,
    AntflowStream,
    AntflowStreamTracker,
    AntflowFeed,
    Sequential,
    Chunked,
    Rayon,
    TokioMpsc,
    AsyncChannel,
    Flume,
    Kanal,
    Crossfire,
    KanalExpert,
    CrossfireExpert,
    Buffered,
    BufferedSpawn,
    BufferUnordered,
    JoinSet,
    Ractor,
    Apalis,
    SleepsAlone,
}

impl Implementation {
    pub(crate) const ALL: [Self; 29] = [
        Self::Antflow,
        Self::AntflowEvents,
        Self::AntflowCallbacks,
        Self::AntflowCallbacksOwned,
        Self::AntflowTracker,
        Self::AntflowTrackerLast,
        Self::AntflowTrackerOff,
        Self::AntflowMetrics,
        Self::AntflowAll,
        Self::AntflowStream,
        Self::AntflowStreamTracker,
        Self::AntflowFeed,
        Self::Sequential,
        Self::Chunked,
        Self::Rayon,
        Self::TokioMpsc,
        Self::AsyncChannel,
        Self::Flume,
        Self::Kanal,
        Self::Crossfire,
        Self::KanalExpert,
        Self::CrossfireExpert,
        Self::Buffered,
        Self::BufferedSpawn,
        Self::BufferUnordered,
        Self::JoinSet,
        Self::Ractor,
        Self::Apalis,
        Self::SleepsAlone,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Antflow
            | Self::AntflowEvents
            | Self::AntflowCallbacks
            | Self::AntflowCallbacksOwned
            | Self::AntflowTracker
            | Self::AntflowTrackerLast
            | Self::AntflowTrackerOff
            | Self::AntflowMetrics
            | Self::AntflowAll => "antflow",
            Self::AntflowStream | Self::AntflowStreamTracker => "antflow-stream",
            Self::AntflowFeed => "antflow-feed",
            Self::Sequential => "sequential",
            Self::Chunked => "chunked",
            Self::Rayon => "rayon",
            Self::TokioMpsc => "tokio-mpsc",
            Self::AsyncChannel => "async-channel",
            Self::Flume => "flume",
            Self::Kanal => "kanal",
            Self::Crossfire => "crossfire",
            Self::KanalExpert => "kanal-expert",
            Self::CrossfireExpert => "crossfire-expert",
            Self::Buffered => "buffered",
            Self::BufferedSpawn => "buffered-spawn",
            Self::BufferUnordered => "buffer-unordered",
            Self::JoinSet => "joinset",
            Self::Ractor => "ractor",
            Self::Apalis => "apalis",
            Self::SleepsAlone => "sleeps-alone",
        }
    }

    /// What watches the run.
    pub(crate) fn observe(self) -> &'static str {
        match self {
            Self::AntflowEvents => "events",
            Self::AntflowCallbacks => "callbacks",
            Self::AntflowCallbacksOwned => "callbacks-owned",
            Self::AntflowTracker => "tracker",
            Self::AntflowTrackerLast | Self::AntflowStreamTracker => "tracker-last",
            Self::AntflowTrackerOff => "tracker-off",
            Self::AntflowMetrics => "metrics",
            Self::AntflowAll => "all",
            _ => "none",
        }
    }

    /// The two together, which no other implementation has.
    pub(crate) fn key(self) -> String {
        format!("{}/{}", self.name(), self.observe())
    }

    pub(crate) fn from_key(key: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|implementation| implementation.key() == key)
            .ok_or_else(|| format!("no implementation has the key `{key}`"))
    }

    pub(crate) fn applies_to(self, workload: Workload) -> bool {
        use Workload as W;
        match self {
            Self::AntflowEvents
            | Self::AntflowCallbacks
            | Self::AntflowCallbacksOwned
            | Self::AntflowTracker
            | Self::AntflowTrackerLast
            | Self::AntflowTrackerOff
            | Self::AntflowMetrics
            | Self::AntflowAll => !matches!(workload, W::Latency | W::Fan),
            Self::AntflowStream | Self::AntflowStreamTracker | Self::AntflowFeed => {
                workload == W::Hop
            }
            // One after the other, sleeping would take hours.
            Self::Sequential => !matches!(workload, W::IoWide | W::IoStages | W::Latency | W::Fan),
            // Threads cannot wait for anything in a task.
            Self::Chunked | Self::Rayon => {
                matches!(workload, W::Hop | W::HopWide | W::Cpu1us | W::Cpu10us)
            }
            Self::Antflow | Self::AsyncChannel | Self::TokioMpsc | Self::Kanal => true,
            Self::Flume | Self::Crossfire | Self::Ractor => workload != W::Fan,
            Self::KanalExpert
            | Self::CrossfireExpert
            | Self::Buffered
            | Self::BufferedSpawn
            | Self::BufferUnordered
            | Self::JoinSet
            | Self::Apalis => !matches!(workload, W::Latency | W::Fan),
            Self::SleepsAlone => matches!(workload, W::IoWide | W::IoStages),
        }
    }
}

/// The implementations of a workload: all, or those of these names; antflow with what watches it.
pub(crate) fn select(
    workload: Workload,
    only: &[String],
    observe: &[String],
) -> Result<Vec<Implementation>, String> {
    let all: Vec<_> = Implementation::ALL
        .into_iter()
        .filter(|implementation| implementation.applies_to(workload))
        .collect();
    if let Some(unknown) = only
        .iter()
        .find(|name| all.iter().all(|known| known.name() != **name))
    {
        let mut known: Vec<_> = all.iter().map(|known| known.name()).collect();
        known.dedup();
        return Err(format!(
            "workload `{}` has no implementation `{unknown}`; known are {}",
            workload.name(),
            known.join(", ")
        ));
    }
    let mut watched: Vec<_> = all.iter().map(|known| known.observe()).collect();
    watched.sort_unstable();
    watched.dedup();
    if let Some(unknown) = observe
        .iter()
        .find(|name| !watched.contains(&name.as_str()))
    {
        return Err(format!(
            "workload `{}` has no observer `{unknown}`; known are {}",
            workload.name(),
            watched.join(", ")
        ));
    }
    let is_watched = |known: &Implementation| {
        !known.name().starts_with("antflow") || observe.iter().any(|name| name == known.observe())
    };
    Ok(all
        .into_iter()
        .filter(is_watched)
        .filter(|known| only.is_empty() || only.iter().any(|name| name == known.name()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique() {
        for implementation in Implementation::ALL {
            assert_eq!(
                Implementation::from_key(&implementation.key()),
                Ok(implementation)
            );
        }
    }

    #[test]
    fn what_watches_is_chosen_beside_the_name() {
        let name = |name: &str| name.to_owned();
        let chosen = select(Workload::Hop, &[name("antflow")], &[name("none")]);
        assert_eq!(chosen, Ok(vec![Implementation::Antflow]));
        let observe = [name("tracker"), name("none")];
        let chosen = select(Workload::Hop, &[name("antflow")], &observe);
        let both = vec![Implementation::Antflow, Implementation::AntflowTracker];
        assert_eq!(chosen, Ok(both));
        let chosen = select(Workload::Hop, &[name("kanal")], &[name("tracker")]);
        assert_eq!(chosen, Ok(vec![Implementation::Kanal]));
        let error = select(Workload::Fan, &[], &[name("tracker")]).unwrap_err();
        assert!(error.contains("`tracker`; known are none"), "{error}");
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones_once() {
        let error = select(Workload::Hop, &["kannal".to_owned()], &[]).unwrap_err();
        assert!(error.contains("`kannal`"), "{error}");
        assert_eq!(error.matches("antflow,").count(), 1, "{error}");
    }

    #[test]
    fn what_does_not_apply_is_unknown_to_the_workload() {
        assert!(select(Workload::IoWide, &["rayon".to_owned()], &[]).is_err());
        assert!(select(Workload::IoWide, &["sleeps-alone".to_owned()], &[]).is_ok());
    }
}
