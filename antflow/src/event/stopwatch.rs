use super::{Observer, Status};

/// An observer that has it measured how long things take, and is told of nothing: see
/// [`RunView::timings`](crate::RunView::timings).
///
/// ```
/// use antflow::event::Stopwatch;
/// use antflow::{pipeline, stage};
///
/// #[stage]
/// async fn double(x: u32) -> u32 {
///     x * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let run = pipeline!(double).observe(Stopwatch).start()?;
/// run.feed(0..100).await?;
/// run.join().await;
/// let timings = run.view().timings().expect("the stopwatch wants them");
/// println!("the slowest twentieth took more than {:?}", timings.items.quantile(0.95));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Stopwatch;

impl Observer for Stopwatch {
    fn wants_status(&self, _: Status) -> bool {
        false
    }

    fn wants_tasks(&self) -> bool {
        false
    }

    fn wants_timings(&self) -> bool {
        true
    }
}
