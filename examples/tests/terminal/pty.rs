use std::env;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::termios::LocalModes;

/// The example that most of this is tried with.
pub(crate) fn program() -> PathBuf {
    example("dashboard_levels")
}

/// The program of an example.
pub(crate) fn example(name: &str) -> PathBuf {
    let mut program = env::current_exe().unwrap();
    program.pop();
    program.set_file_name("examples");
    program.push(name);
    assert!(program.exists(), "run `cargo test -p antflow-examples`");
    program
}

/// What decides on how a dashboard is shown, which the tests must not get from where they run.
pub(crate) const VARIABLES: [&str; 4] = ["CI", "NO_COLOR", "TERM", "ANTFLOW_DASHBOARD"];

/// The example in a terminal of its own, whose screen can be read.
pub(crate) struct Screen {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
    reader: Option<JoinHandle<()>>,
}

struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    is_read: bool,
}

/// The parser of the screen has no size of zero.
fn cells(size: u16) -> NonZero<u16> {
    NonZero::new(size).unwrap_or(NonZero::<u16>::MIN)
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}

impl Screen {
    pub(crate) fn open(arguments: &[&str], size: (u16, u16)) -> Self {
        Self::open_with(arguments, size, &[])
    }

    pub(crate) fn open_with(
        arguments: &[&str],
        size: (u16, u16),
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = CommandBuilder::new(program());
        command.args(arguments);
        Self::start(command, size, variables)
    }

    /// Another example.
    pub(crate) fn open_example(name: &str, arguments: &[&str], size: (u16, u16)) -> Self {
        let mut command = CommandBuilder::new(example(name));
        command.args(arguments);
        Self::start(command, size, &[])
    }

    /// A program with stdout in a file.
    pub(crate) fn open_into(
        file: &Path,
        program: &Path,
        arguments: &[&str],
        size: (u16, u16),
    ) -> Self {
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", r#"file=$1; shift; exec "$@" > "$file""#, "sh"]);
        command.arg(file);
        command.arg(program);
        command.args(arguments);
        Self::start(command, size, &[])
    }

    fn start(mut command: CommandBuilder, size: (u16, u16), variables: &[(&str, &str)]) -> Self {
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env("RUST_BACKTRACE", "0");
        for (name, value) in variables {
            command.env(name, value);
        }
        let pair = native_pty_system().openpty(pty_size(size)).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let parser = vt100::Parser::new(cells(size.1), cells(size.0), 0);
        let seen = Arc::new(Mutex::new(Seen {
            parser,
            bytes: Vec::new(),
            is_read: true,
        }));
        let mut output = pair.master.try_clone_reader().unwrap();
        let sink = Arc::clone(&seen);
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal that nobody has open any more is an error to its reader.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                while !sink.lock().unwrap().is_read {
                    thread::sleep(Duration::from_millis(5));
                }
                let mut seen = sink.lock().unwrap();
                seen.parser.process(&bytes[..count]);
                seen.bytes.extend_from_slice(&bytes[..count]);
            }
        });
        Self {
            keys: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            seen,
            reader: Some(reader),
        }
    }

    /// What is on the screen.
    pub(crate) fn text(&self) -> String {
        self.look(vt100::Screen::contents)
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.lock().unwrap().parser.screen())
    }

    /// All that was ever written.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().bytes).into_owned()
    }

    pub(crate) fn is_alternate(&self) -> bool {
        self.look(vt100::Screen::alternate_screen)
    }

    pub(crate) fn is_cursor_hidden(&self) -> bool {
        self.look(vt100::Screen::hide_cursor)
    }

    /// Whether the terminal is as a shell expects it.
    pub(crate) fn is_restored(&self) -> bool {
        !self.is_alternate() && !self.is_cursor_hidden() && self.is_cooked()
    }

    /// Whether what is typed is shown and read line by line, as in a shell.
    pub(crate) fn is_cooked(&self) -> bool {
        let name = self.master.tty_name().unwrap();
        let terminal = std::fs::File::open(name).unwrap();
        let modes = rustix::termios::tcgetattr(terminal).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Presses these keys again and again until this is on the screen.
    pub(crate) fn press_until(&mut self, keys: &str, text: &str) {
        let began = Instant::now();
        while !self.text().contains(text) {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "not {text}:\n{}",
                self.text()
            );
            self.press(keys);
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn resize(&self, size: (u16, u16)) {
        let mut seen = self.seen.lock().unwrap();
        seen.parser
            .screen_mut()
            .set_size(cells(size.1), cells(size.0));
        drop(seen);
        self.master.resize(pty_size(size)).unwrap();
    }

    /// Stops to take what the program writes, as Ctrl-S does, or goes on.
    pub(crate) fn read(&self, is_read: bool) {
        self.seen.lock().unwrap().is_read = is_read;
    }

    /// Waits until the screen is as it should be.
    pub(crate) fn wait(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "not {what}:\n{}",
                self.text()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn wait_for(&self, text: &str) {
        self.wait(text, |screen| screen.text().contains(text));
    }

    /// Waits until the program has ended, and all that it wrote is on the screen.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let status = self.ended();
        self.reader.take().unwrap().join().unwrap();
        status
    }

    /// Waits until the program has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "no end:\n{}",
                self.text()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
