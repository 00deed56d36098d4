/// Which items of a run are traced: all, a share of them, or none.
///
/// With the feature `tracing`. None is the default. Given to [`Pipeline::trace`](crate::Pipeline::trace), it makes these
/// spans for `tracing`, with the target `antflow` and the level `INFO`:
///
/// | span | made for | fields |
/// |---|---|---|
/// | `antflow.run` | a run | `run`, `stages` |
/// | `antflow.stage`, in the run's | an attempt of a stage at a traced item | `stage`, `item_id`, `sequence_id`, `worker`, `attempt`, `outcome`, `error` |
/// | `antflow.task`, in the stage's | an attempt of a task in it | `task`, `attempt`, `outcome`, `error` |
///
/// - The task runs inside of its span, so its own spans and log lines have it as their parent. The span is entered only
///   while the task is polled. Neither waits for limits nor pauses between attempts are in it.
/// - A stage's span begins when the item gets the status `in_progress`, and its `outcome` is the status that follows:
///   `completed`, `retrying`, `failed` or `cancelled`. An item that the stage skips has a span of no length, with `skipped`.
///   `attempt` is that of [`TaskContext::attempt`](crate::TaskContext::attempt).
/// - A task's `outcome` is `completed`, `failed`, `panicked`, `timed_out` or `cancelled`.
/// - An attempt that failed has an `error`, and the fields `otel.status_code` and `otel.status_description` by which
///   OpenTelemetry knows that it did.
/// - The run's span is in that in which the run was started, if any, and ends with the run.
///
/// Whether an item is traced depends on the run and on its sequence number alone, so it is traced in all stages or in none.
///
/// The subscriber is the one that is the default where the run is started, also for what traced tasks say on other
/// threads. If it does not want the run's span, nothing of the run is traced and nothing is paid for it. If it does, all
/// items of the run take the longer way through a stage, as with an observer of every event, which is some tens of
/// nanoseconds. A panic over a span is counted as that of an observer (`observer_panics` of the run's stats).
///
/// ```
/// use antflow::{Trace, pipeline, stage};
///
/// #[stage(workers = 4)]
/// async fn parse(text: &'static str) -> Result<u32, std::num::ParseIntError> {
///     tracing::info!(text, "parsing");
///     text.parse()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::StartError> {
/// tracing_subscriber::fmt().init();
/// // INFO antflow.run{run=0 stages="Parse"}:antflow.stage{stage="Parse" item_id=0 ..}:antflow.task{task="parse" ..}: parsing ..
/// pipeline!(parse).trace(Trace::all()).run(["1", "x"]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[must_use = "it traces nothing before it is given to a pipeline"]
pub struct Trace {
    share: f64,
}

/// As many numbers as a float tells apart between 0 and 1.
const NUMBERS: u64 = 1 << 53;

/// The items that are traced in one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    /// The share, of [`NUMBERS`].
    below: u64,
    /// A number like a random one, the same for the same run.
    key: u64,
}

impl Trace {
    /// All items.
    pub const fn all() -> Self {
        Self { share: 1.0 }
    }

    /// No item.
    pub const fn none() -> Self {
        Self { share: 0.0 }
    }

    /// A share of the items, such as 0.01 for one of a hundred. Nothing for 0 and below or what is no number, all for 1
    /// and above.
    pub const fn ratio(share: f64) -> Self {
        let share = if share > 0.0 { share.min(1.0) } else { 0.0 };
        Self { share }
    }

    pub(super) fn is_none(self) -> bool {
        self.share <= 0.0
    }

    /// By which the items of a run are chosen.
    pub(super) fn choice(self, run: u64) -> Choice {
        Choice {
            below: (self.share * NUMBERS as f64) as u64,
            key: mixed(run),
        }
    }
}

impl Choice {
    /// Whether the item of this number is traced.
    #[inline]
    pub(super) fn takes(self, sequence_id: u64) -> bool {
        mixed(self.key ^ sequence_id) % NUMBERS < self.below
    }
}

/// A number that tells nothing of the one before or the next: the output function of SplitMix64.
#[inline]
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::Trace;

    const ITEMS: u64 = 100_000;

    /// Whether this is so for about a share of all items.
    fn assert_share(share: f64, is_so: impl Fn(u64) -> bool) {
        let count = (0..ITEMS).filter(|id| is_so(*id)).count();
        let found = count as f64 / ITEMS as f64;
        assert!((found - share).abs() < 0.01, "{found} instead of {share}");
    }

    #[test]
    fn the_share_is_taken_whatever_the_run_and_the_item_before() {
        for run in [0, 1, 2, 1000, u64::MAX] {
            for share in [0.01, 0.25, 0.5, 0.9] {
                let choice = Trace::ratio(share).choice(run);
                assert_share(share, |id| choice.takes(id));
                for step in [1, 2, 64, 1024] {
                    let both = |id| choice.takes(id) && choice.takes(id + step);
                    assert_share(share * share, both);
                }
            }
        }
    }

    #[test]
    fn runs_take_different_items() {
        let trace = Trace::ratio(0.5);
        for (one, other) in [(0, 1), (1, 2), (0, 1 << 32), (5, 4)] {
            let (one, other) = (trace.choice(one), trace.choice(other));
            assert_share(0.25, |id| one.takes(id) && other.takes(id));
        }
    }

    #[test]
    fn what_is_no_share_is_the_nearest_one() {
        assert_eq!(Trace::ratio(7.0), Trace::all());
        for share in [-1.0, -0.0, f64::NAN] {
            assert_eq!(Trace::ratio(share), Trace::none());
        }
        assert!((0..1000).all(|id| Trace::all().choice(3).takes(id)));
        assert!(!(0..1000).any(|id| Trace::none().choice(3).takes(id)));
        assert_eq!(Trace::default(), Trace::none());
    }
}
