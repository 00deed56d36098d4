//! Which crate a file belongs to.

use std::fs;
use std::path::{Component, Path};

/// The name of the crate that `path`, a file below `root`, belongs to.
///
/// - Below cargo's registry it is the directory's name with the version, such as
///   `serde-1.0.229`: two versions of a crate are two entries of the census.
/// - Elsewhere it is the package name in the nearest `Cargo.toml` above the file.
/// - Without one it is the first directory below the root, or the root's own name
///   for a file that lies directly in it.
///
/// A manifest that cannot be read is passed over.
#[must_use]
pub fn crate_name(root: &Path, path: &Path) -> String {
    in_registry(path)
        .or_else(|| path.ancestors().skip(1).find_map(package_in))
        .or_else(|| below_root(root, path))
        .unwrap_or_else(|| {
            root.file_name()
                .unwrap_or(root.as_os_str())
                .to_string_lossy()
                .into_owned()
        })
}

/// `.../registry/src/<index>/<name>-<version>/...`, as cargo lays it out.
fn in_registry(path: &Path) -> Option<String> {
    let mut components = path
        .parent()?
        .components()
        .map(Component::as_os_str)
        .peekable();
    while let Some(component) = components.next() {
        if component == "registry" && components.next_if(|it| *it == "src").is_some() {
            return components
                .nth(1)
                .map(|name| name.to_string_lossy().into_owned());
        }
    }
    None
}

fn package_in(directory: &Path) -> Option<String> {
    let manifest = fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    package_name(&manifest).map(str::to_owned)
}

/// Reads `name` of `[package]` line by line, as nothing else of the file matters.
fn package_name(manifest: &str) -> Option<&str> {
    manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[package]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| {
            let (key, value) = line.split_once('=')?;
            let value = value.trim_start();
            let quote = value.chars().next().filter(|it| matches!(it, '"' | '\''))?;
            let name = value[1..].split(quote).next()?;
            (key.trim_end() == "name").then_some(name)
        })
}

fn below_root(root: &Path, path: &Path) -> Option<String> {
    let mut components = path.strip_prefix(root).ok()?.components();
    let first = components
        .next()?
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    components.next().map(|_| first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_path_names_crate_and_version() {
        let path = Path::new("/home/me/.cargo/registry/src/index-1f/serde-1.0.229/src/lib.rs");
        let root = Path::new("/home/me/.cargo/registry/src");
        assert_eq!(crate_name(root, path), "serde-1.0.229");
    }

    #[test]
    fn a_directory_called_registry_is_not_enough() {
        let path = Path::new("/no/such/registry/other/src/lib.rs");
        assert_eq!(crate_name(Path::new("/no/such"), path), "registry");
    }

    #[test]
    fn elsewhere_the_nearest_manifest_names_the_crate() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("one/src/deep/lib.rs");
        let manifest =
            "[workspace]\nname = \"no\"\n\n[package]\nedition = \"2024\"\nname = \"one\" # so\n";
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(root.path().join("one/Cargo.toml"), manifest).unwrap();
        assert_eq!(crate_name(root.path(), &file), "one");
        assert_eq!(crate_name(&root.path().join("one/src"), &file), "one");
    }

    #[test]
    fn a_manifest_without_a_package_is_passed_over() {
        assert_eq!(package_name("[workspace]\nmembers = []\n"), None);
        assert_eq!(
            package_name("[package]\n[dependencies]\nname = \"a\"\n"),
            None
        );
        assert_eq!(package_name("[package]\nname.workspace = true\n"), None);
        assert_eq!(package_name("[package]\nname='single'\n"), Some("single"));
    }

    #[test]
    fn without_a_manifest_the_place_below_the_root_decides() {
        let root = Path::new("/no/such");
        assert_eq!(crate_name(root, Path::new("/no/such/a/b/c.rs")), "a");
        assert_eq!(crate_name(root, Path::new("/no/such/c.rs")), "such");
    }
}
