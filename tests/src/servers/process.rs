use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A process that ends when this is dropped, or when the process that has started it is gone.
#[derive(Debug)]
pub struct Process {
    child: Child,
    _watch: Watch,
}

impl Process {
    /// Starts a program, whose output goes behind what the log has.
    #[must_use]
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let log = File::options().append(true).create(true).open(log);
        let log = log.expect("the log can be written");
        let errors = log.try_clone().expect("the log is open");
        // A process group of its own, so that Ctrl-C is for the tests alone.
        let command = command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = command.process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let watch = Watch::new(r#"kill -9 "$1" 2> /dev/null"#, &child.id().to_string());
        Self {
            child,
            _watch: watch,
        }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has it not ended?
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Sends it a signal, such as `STOP` or `CONT`.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "process {id} takes no signal {name}"
        );
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A directory for the files of servers, which goes when this is dropped, or when this process is gone.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    _watch: Watch,
}

impl Home {
    /// Makes an empty directory.
    #[must_use]
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let path = directory.keep();
        // After those who write into it have ended.
        let watch = Watch::new(
            r#"sleep 1; rm -rf -- "$1""#,
            path.to_str().expect("it is a plain name"),
        );
        Self {
            path,
            _watch: watch,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// A shell that does something once the pipe to it is closed, however this process ends.
#[derive(Debug)]
struct Watch {
    _shell: Child,
}

impl Watch {
    fn new(then: &str, with: &str) -> Self {
        let script = format!("cat > /dev/null; {then}");
        let shell = Command::new("sh")
            .args(["-c", &script, "watch", with])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        Self {
            _shell: shell.expect("there is a shell"),
        }
    }
}
