use std::io;

/// The signals that ask a process to end: SIGINT and SIGTERM, or Ctrl-C on Windows.
///
/// ```no_run
/// use antflow::cluster::{Cluster, StopSignals};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = Cluster::connect("sqlite:///var/lib/antflow/cluster.db").await?;
/// let coordinator = cluster.coordinator().build()?.start();
/// let mut signals = StopSignals::take()?;
/// signals.next().await;
/// signals.unless_another(coordinator.shutdown()).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

/// What a shell reports of a program that ended by SIGINT.
const INTERRUPTED: i32 = 128 + 2;
/// What a shell reports of a program that ended by SIGTERM.
#[cfg(unix)]
const TERMINATED: i32 = 128 + 15;

impl StopSignals {
    /// Takes the signals over: from here on, and until the process ends, they end nothing by themselves.
    ///
    /// # Errors
    /// The system does not allow it.
    ///
    /// # Panics
    /// Outside of a tokio runtime, or in one without I/O.
    pub fn take() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }
        #[cfg(windows)]
        Ok(Self {
            interrupt: tokio::signal::windows::ctrl_c()?,
        })
    }

    /// Waits for the next one.
    ///
    /// # Cancel safety
    /// Safe to drop.
    pub async fn next(&mut self) {
        self.next_code().await;
    }

    /// Waits for the next one, and gives what the process would have ended with.
    async fn next_code(&mut self) -> i32 {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => INTERRUPTED,
            _ = self.terminate.recv() => TERMINATED,
        }
        #[cfg(windows)]
        {
            self.interrupt.recv().await;
            INTERRUPTED
        }
    }

    /// Waits for `end`, or for the next signal, which ends the process at once with 128 and the number of the signal.
    ///
    /// # Cancel safety
    /// That of `end`.
    pub async fn unless_another(&mut self, end: impl Future<Output = ()>) {
        tokio::select! {
            () = end => {}
            code = self.next_code() => exit(code),
        }
    }
}

#[expect(
    clippy::exit,
    reason = "who asks twice does not want to wait for handlers that hold up the runtime; the store is whole"
)]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}
