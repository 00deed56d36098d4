use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::RunContext;
use crate::item::Cancelled;

/// Why a command has no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It could not be started, or waiting for it failed.
    #[error("the command cannot be run: {0}")]
    Io(#[from] io::Error),
    /// The run was cancelled, and the command was ended.
    #[error("the command was ended: the run is cancelled")]
    Cancelled(#[from] Cancelled),
}

/// How long a command has to end after it was asked to.
const COMMAND_GRACE: Duration = Duration::from_secs(5);

impl RunContext {
    /// Runs a command to its end, and collects what it writes. It dies with the run.
    ///
    /// The command has no input and, on Unix, a process group of its own. When the run is cancelled, the group is asked
    /// to end (`SIGTERM`), and killed 5 s later or when the handler is dropped, whichever is first. A status that is no
    /// success is no error: look at the output.
    ///
    /// ```
    /// # use antflow::cluster::handler::{CommandError, RunContext};
    /// # async fn unpack(ctx: &RunContext, path: &str) -> Result<bool, CommandError> {
    /// let mut command = tokio::process::Command::new("tar");
    /// command.args(["-xf", path]);
    /// let output = ctx.run_command(command).await?;
    /// # Ok(output.status.success())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It cannot be started, or the run was cancelled.
    ///
    /// # Cancel safety
    /// Dropped, the command is killed with its group.
    pub async fn run_command(&self, mut command: Command) -> Result<Output, CommandError> {
        self.check_cancelled()?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        let mut group = Group::of(&child);
        let mut ended = std::pin::pin!(child.wait_with_output());
        tokio::select! {
            output = &mut ended => {
                group.is_over();
                return Ok(output?);
            }
            () = self.cancellation().cancelled() => {}
        }
        group.ask();
        // Beyond that, dropping the group kills it.
        if tokio::time::timeout(COMMAND_GRACE, &mut ended)
            .await
            .is_ok()
        {
            group.is_over();
        }
        Err(Cancelled.into())
    }
}

/// The process group of a command: killed when this is dropped, unless it is over.
struct Group {
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            id: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(id) = self.id {
            // The only error is that the group has ended by itself.
            let _ = rustix::process::kill_process_group(id, signal);
        }
    }

    fn ask(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    fn is_over(&mut self) {
        self.id = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        self.signal(rustix::process::Signal::KILL);
    }
}

/// Elsewhere there are no groups: the command itself is killed when it is dropped.
#[cfg(not(unix))]
impl Group {
    fn of(_: &Child) -> Self {
        Self {}
    }

    fn ask(&self) {}

    fn is_over(&mut self) {}
}
