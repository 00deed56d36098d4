//! Programs of Debian that tests run.

use std::io::ErrorKind;
use std::process::{Child, Command};

/// Starts a program, or says how to get it.
pub(crate) fn start(command: &mut Command, package: &str) -> Child {
    let program = command.get_program().to_string_lossy().into_owned();
    command.spawn().unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!(
            "{program} is missing: run `make setup`, or `apt-get install -y --no-install-recommends {package}`"
        ),
        _ => panic!("{program}: {error}"),
    })
}
