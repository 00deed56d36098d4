//! Where it is not known how to take in what others print, it goes to the terminal as ever.

use std::io::{self, Write, stderr};

pub(super) fn begin() {}

pub(super) fn end() {}

pub(super) fn take() {}

pub(super) fn abandon() {}

pub(super) fn stop() {}

pub(super) fn flush() {}

pub(super) fn between_lines<T>(act: impl FnOnce() -> T) -> T {
    act()
}

pub(super) fn direct<T>(print: impl FnOnce() -> T) -> T {
    print()
}

pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stderr = stderr().lock();
    stderr.write_all(bytes)?;
    stderr.flush()
}
