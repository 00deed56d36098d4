use super::Pipeline;
use super::chain::Chain;
use crate::trace::Trace;

impl<C: Chain, St: Send + Sync + 'static> Pipeline<C, St> {
    /// Traces all runs started from now on: none of their items by default.
    ///
    /// It replaces what was set before. See [`Trace`] for the spans. With the feature `tracing`.
    ///
    /// ```
    /// use antflow::{Trace, pipeline, stage};
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     tracing::debug!("has the item's span as its parent");
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let results = pipeline!(double).trace(Trace::ratio(0.01)).run(0..1000).await?;
    /// assert_eq!(results.len(), 1000);
    /// # Ok(())
    /// # }
    /// ```
    pub fn trace(mut self, trace: Trace) -> Self {
        self.trace = trace;
        self
    }
}
