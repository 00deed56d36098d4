use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::render::Source;
use super::{Exporter, TextfileError};

impl Exporter {
    /// Writes all metrics to a file for node_exporter's textfile collector.
    ///
    /// They are written to a temporary file beside it, which then takes its name: whoever reads the file finds the
    /// metrics of one moment, or those of the moment before. Everybody may read it, as far as the umask says so.
    ///
    /// ```
    /// use antflow_metrics::Exporter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let exporter = Exporter::builder().without_server().start().await?;
    /// // The work is done here.
    /// exporter.write_textfile(folder.path().join("nightly.prom")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TextfileError::Name`] if the path does not end in `.prom`, [`TextfileError::Write`] if the file cannot be
    /// written.
    ///
    /// # Cancel safety
    /// Dropped, the file is written all the same.
    pub async fn write_textfile(&self, path: impl AsRef<Path>) -> Result<(), TextfileError> {
        let path = path.as_ref();
        if path.extension().is_none_or(|extension| extension != "prom") {
            return Err(TextfileError::Name { path: path.into() });
        }
        let source = Arc::clone(&self.source);
        let target = path.to_path_buf();
        let written = tokio::task::spawn_blocking(move || write(&source, target));
        let result = match written.await {
            Ok(result) => result,
            Err(error) => Err(io::Error::other(error)),
        };
        result.map_err(|source| TextfileError::Write {
            path: path.into(),
            source,
        })
    }
}

fn write(source: &Source, path: PathBuf) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    // Its name must not end in `.prom`, or the collector would read it.
    builder.prefix(".antflow-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o644));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(source.render().as_bytes())?;
    file.persist(path)?;
    Ok(())
}
