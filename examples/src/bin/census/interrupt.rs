use std::io;

use antflow::CancellationToken;

use super::progress::note;

/// What a program ends with that was ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Cancels `stop` at the first Ctrl-C, and says so; ends the program at the second.
pub(crate) fn listen(stop: CancellationToken, says: &'static str) -> io::Result<()> {
    #[cfg(unix)]
    let mut interrupts = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    #[cfg(windows)]
    let mut interrupts = tokio::signal::windows::ctrl_c()?;
    tokio::spawn(async move {
        interrupts.recv().await;
        stop.cancel();
        note(says);
        interrupts.recv().await;
        exit();
    });
    Ok(())
}

#[expect(clippy::exit, reason = "the user does not want to wait for anything")]
fn exit() -> ! {
    antflow::terminal::restore();
    std::process::exit(INTERRUPTED)
}
