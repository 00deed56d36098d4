//! Finding the files: every `.rs` file below a root, one at a time.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use walkdir::WalkDir;

/// Walks the `.rs` files below `root`, in the same order every time.
///
/// Entries come sorted by file name inside their directory. Links below the root
/// are not followed, so no file is found twice. Nothing is read before the first
/// call of `next`, and at most one directory listing per level is held.
///
/// A directory that cannot be read is one [`WalkError`] among the items, and the
/// walk goes on behind it.
#[must_use = "a walk finds nothing until it is iterated"]
pub fn walk(root: impl AsRef<Path>) -> Walk {
    let entries = WalkDir::new(root)
        .follow_links(false)
        .sort_by_file_name()
        .into_iter();
    Walk { entries }
}

/// The lazy walk that [`walk()`] begins.
#[derive(Debug)]
pub struct Walk {
    entries: walkdir::IntoIter,
}

impl Iterator for Walk {
    type Item = Result<PathBuf, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.entries.next()? {
                Ok(entry) => {
                    let path = entry.path();
                    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
                    if is_rust && entry.file_type().is_file() {
                        return Some(Ok(entry.into_path()));
                    }
                }
                Err(error) => return Some(Err(WalkError::from(error))),
            }
        }
    }
}

/// A directory or a directory entry that could not be read.
#[derive(Debug, Error)]
#[error("cannot list the directory; check that it exists and may be read")]
#[non_exhaustive]
pub struct WalkError {
    /// What could not be read.
    pub path: PathBuf,
    /// Why, in the words of the operating system.
    pub source: io::Error,
}

impl From<walkdir::Error> for WalkError {
    fn from(error: walkdir::Error) -> Self {
        Self {
            path: error.path().map(Path::to_path_buf).unwrap_or_default(),
            source: error.into(),
        }
    }
}

/// The root that is counted when none is given.
///
/// This is the source directory of cargo's registry, `$CARGO_HOME/registry/src`
/// or the same below `~/.cargo`. Where there is none, it is the workspace around
/// the current directory, or else the current directory itself.
///
/// # Errors
///
/// Fails if the current directory is needed and cannot be determined.
pub fn default_root() -> io::Result<PathBuf> {
    match registry_sources(env::var_os("CARGO_HOME"), env::home_dir()) {
        Some(sources) => Ok(sources),
        None => env::current_dir().map(|directory| workspace_around(&directory)),
    }
}

fn registry_sources(cargo_home: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let cargo_home = cargo_home
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .or_else(|| home.map(|home| home.join(".cargo")))?;
    let sources = cargo_home.join("registry").join("src");
    sources.is_dir().then_some(sources)
}

fn workspace_around(directory: &Path) -> PathBuf {
    let manifest = |ancestor: &&Path| fs::read_to_string(ancestor.join("Cargo.toml")).ok();
    let is_workspace = |ancestor: &&Path| {
        manifest(ancestor).is_some_and(|text| text.lines().any(|line| line.trim() == "[workspace]"))
    };
    directory
        .ancestors()
        .find(is_workspace)
        .or_else(|| directory.ancestors().find(|it| manifest(it).is_some()))
        .unwrap_or(directory)
        .to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    fn found(root: &Path) -> Vec<String> {
        walk(root)
            .map(|path| {
                let path = path.unwrap();
                let below = path.strip_prefix(root).unwrap();
                below.to_str().unwrap().replace('\\', "/")
            })
            .collect()
    }

    #[test]
    fn rust_files_come_sorted_and_alone() {
        let root = tree(&["b.rs", "a/z.rs", "a/c.txt", "a/b.rs", "rs", "d.rs/e.rs"]);
        assert_eq!(
            found(root.path()),
            ["a/b.rs", "a/z.rs", "b.rs", "d.rs/e.rs"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let root = tree(&["a/one.rs"]);
        std::os::unix::fs::symlink(root.path().join("a"), root.path().join("b")).unwrap();
        std::os::unix::fs::symlink(root.path().join("a/one.rs"), root.path().join("c.rs")).unwrap();
        assert_eq!(found(root.path()), ["a/one.rs"]);
    }

    #[test]
    fn an_unreadable_directory_fails_and_the_walk_goes_on() {
        let root = tree(&["a.rs", "b/gone.rs", "c/there.rs"]);
        let mut files = walk(root.path());
        assert!(files.next().unwrap().unwrap().ends_with("a.rs"));
        fs::remove_dir_all(root.path().join("b")).unwrap();
        let error = files.next().unwrap().unwrap_err();
        assert_eq!(error.path, root.path().join("b"));
        assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
        assert!(files.next().unwrap().unwrap().ends_with("there.rs"));
        assert!(files.next().is_none());
    }

    #[test]
    fn a_missing_root_is_one_failure() {
        let mut files = walk("no/such/directory");
        assert_eq!(
            files.next().unwrap().unwrap_err().path,
            Path::new("no/such/directory")
        );
        assert!(files.next().is_none());
    }

    #[test]
    fn the_registry_is_the_default_where_there_is_one() {
        let home = tree(&[".cargo/registry/src/index/a-1.0.0/lib.rs"]);
        let expected = home.path().join(".cargo/registry/src");
        let from_home = registry_sources(None, Some(home.path().to_path_buf()));
        assert_eq!(from_home, Some(expected.clone()));
        let cargo_home = home.path().join(".cargo").into_os_string();
        assert_eq!(registry_sources(Some(cargo_home), None), Some(expected));
        assert_eq!(
            registry_sources(Some("no/such/directory".into()), None),
            None
        );
    }

    #[test]
    fn the_workspace_is_the_default_elsewhere() {
        let root = tree(&["member/src/lib.rs"]);
        fs::write(
            root.path().join("Cargo.toml"),
            "[workspace]\nmembers = []\n",
        )
        .unwrap();
        fs::write(root.path().join("member/Cargo.toml"), "[package]\n").unwrap();
        assert_eq!(
            workspace_around(&root.path().join("member/src")),
            root.path()
        );
    }
}
