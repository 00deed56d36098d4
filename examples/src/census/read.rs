//! Reading a file into memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::crate_name;

/// One Rust source file, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Where the file lies.
    pub path: PathBuf,
    /// The crate it belongs to, see [`crate_name()`].
    pub crate_name: String,
    /// The whole text.
    pub text: String,
}

/// Reads the file at `path`, which was found below `root`.
///
/// This blocks on input and output: inside an async program it belongs on a
/// thread that may block.
///
/// # Errors
///
/// [`ReadError::Unreadable`] if the operating system refuses, and
/// [`ReadError::NotUtf8`] if the bytes are no UTF-8 text.
pub fn read(root: &Path, path: PathBuf) -> Result<Source, ReadError> {
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(ReadError::Unreadable { path, source }),
    };
    match String::from_utf8(bytes) {
        Ok(text) => {
            let crate_name = crate_name(root, &path);
            Ok(Source {
                path,
                crate_name,
                text,
            })
        }
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            Err(ReadError::NotUtf8 { path, offset })
        }
    }
}

/// Why a file could not be turned into a [`Source`].
///
/// The messages leave the path out, as whoever reports them names it anyway: see
/// [`ReadError::path`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The operating system refused to give out the file.
    #[error("cannot read the file; check that it exists and may be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in the words of the operating system.
        source: io::Error,
    },
    /// The file holds bytes that are no UTF-8 text.
    #[error("not UTF-8 from byte {offset} on; convert the file to UTF-8")]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// How many bytes from the start are valid.
        offset: usize,
    },
}

impl ReadError {
    /// The file that could not be read.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Unreadable { path, .. } | Self::NotUtf8 { path, .. } => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn text_comes_with_its_path_and_crate() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("part").join("lib.rs");
        fs::create_dir(root.path().join("part")).unwrap();
        fs::write(&path, "fn main() {}\n").unwrap();
        let source = read(root.path(), path.clone()).unwrap();
        assert_eq!(source.path, path);
        assert_eq!(source.crate_name, "part");
        assert_eq!(source.text, "fn main() {}\n");
    }

    #[test]
    fn a_missing_file_keeps_the_cause() {
        let path = PathBuf::from("no/such/file.rs");
        let error = read(Path::new("no"), path.clone()).unwrap_err();
        assert!(matches!(error, ReadError::Unreadable { .. }));
        assert_eq!(error.path(), path);
        let cause = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn bytes_that_are_no_text_name_the_place() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("latin1.rs");
        fs::write(&path, b"// caf\xe9\n").unwrap();
        let error = read(root.path(), path).unwrap_err();
        assert!(matches!(error, ReadError::NotUtf8 { offset: 6, .. }));
        assert_eq!(
            error.to_string(),
            "not UTF-8 from byte 6 on; convert the file to UTF-8"
        );
    }
}
