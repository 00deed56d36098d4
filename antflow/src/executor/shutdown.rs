use super::Executor;

impl Executor {
    /// Accepts nothing more. What was submitted runs.
    pub fn close(&self) {
        self.pool.close();
    }

    /// Accepts nothing more, and waits until everything that was submitted has ended.
    ///
    /// Called by a task of this executor, it would wait for itself.
    ///
    /// # Cancel safety
    /// Dropped, the executor is closed and its tasks go on; another call waits for them.
    pub async fn shutdown(&self) {
        self.pool.close();
        self.pool.ended().await;
    }

    /// Accepts nothing more, and lets no task begin any more: queued ones end with [`TaskError::ShutDown`].
    ///
    /// It does not wait, and running tasks go on, to their last attempt.
    ///
    /// ```
    /// use antflow::Executor;
    /// use antflow::executor::TaskError;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = Executor::new(1)?;
    /// let running = executor.submit(|| async { "7".parse::<u32>() })?;
    /// let queued = executor.submit(|| async { "8".parse::<u32>() })?;
    /// executor.shutdown_now();
    /// assert_eq!(queued.await, Err(TaskError::ShutDown));
    /// assert_eq!(running.await, Ok(7));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`TaskError::ShutDown`]: super::TaskError::ShutDown
    pub fn shutdown_now(&self) {
        self.pool.close();
        self.pool.close_queue();
    }

    /// Accepts nothing more, and cancels every task that is not done, queued or running.
    ///
    /// It does not wait; a running task is dropped at its next `.await`.
    ///
    /// ```
    /// use std::future::pending;
    /// use antflow::Executor;
    /// use antflow::executor::TaskError;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = Executor::new(1)?;
    /// let endless = executor.submit(|| pending::<Result<(), std::io::Error>>())?;
    /// executor.cancel_all();
    /// assert!(matches!(endless.await, Err(TaskError::Cancelled)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_all(&self) {
        self.pool.cancel();
    }

    /// Whether nothing more is accepted.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }
}
