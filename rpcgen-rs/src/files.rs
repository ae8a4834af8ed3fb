//! The doors to the file system: reading within allowed roots, and replacing files whole or not at all.

#![allow(
    clippy::disallowed_methods,
    reason = "this is where files are read and written"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

#[cfg(feature = "cli")]
use crate::emit::rust::MARK;
use crate::source::{LoadError, Loader};

/// A loader over real files below the folders of the inputs and the include folders.
///
/// The `.x` file may come from anywhere and say `#include "../../etc/passwd"` or `#include "/dev/zero"`: the path with
/// all symbolic links followed must lie below a root, and only regular files are opened.
#[derive(Debug)]
pub(crate) struct FileLoader {
    roots: BTreeSet<PathBuf>,
    /// Texts that are no files: standard input.
    given: BTreeMap<String, Vec<u8>>,
}

impl FileLoader {
    /// A loader for these inputs and include folders.
    pub(crate) fn new<'a>(
        inputs: impl IntoIterator<Item = &'a str>,
        folders: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut roots = BTreeSet::new();
        for input in inputs {
            // The folder of the path as given, and of the file that a link leads to.
            let folder = Path::new(input).parent().map(|folder| {
                if folder.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    folder
                }
            });
            roots.extend(folder.and_then(|folder| folder.canonicalize().ok()));
            roots.extend(
                Path::new(input)
                    .canonicalize()
                    .ok()
                    .and_then(|file| file.parent().map(Path::to_owned)),
            );
        }
        roots.extend(
            folders
                .into_iter()
                .filter_map(|folder| Path::new(folder).canonicalize().ok()),
        );
        Self {
            roots,
            given: BTreeMap::new(),
        }
    }

    /// Adds a text that is no file.
    #[cfg(feature = "cli")]
    pub(crate) fn give(&mut self, path: &str, text: Vec<u8>) {
        self.given.insert(path.to_owned(), text);
    }
}

impl Loader for FileLoader {
    fn load(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, LoadError> {
        if let Some(text) = self.given.get(path) {
            return if text.len() as u64 > limit {
                Err(LoadError::TooLarge { limit })
            } else {
                Ok(text.clone())
            };
        }
        let real = Path::new(path).canonicalize().map_err(load_error)?;
        if !self.roots.iter().any(|root| real.starts_with(root)) {
            return Err(LoadError::OutsideRoots);
        }
        let known = fs::metadata(&real).map_err(load_error)?;
        if !known.is_file() {
            return Err(LoadError::NotRegular);
        }
        if known.len() > limit {
            return Err(LoadError::TooLarge { limit });
        }
        // The file may grow while it is read.
        let mut text = Vec::with_capacity(usize::try_from(known.len()).unwrap_or(0));
        File::open(&real)
            .and_then(|file| file.take(limit + 1).read_to_end(&mut text))
            .map_err(load_error)?;
        if text.len() as u64 > limit {
            Err(LoadError::TooLarge { limit })
        } else {
            Ok(text)
        }
    }
}

fn load_error(error: io::Error) -> LoadError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => LoadError::NotFound,
        _ => LoadError::Io(error.to_string()),
    }
}

/// May this file be overwritten? Files that we made may, and empty ones; others belong to somebody.
#[cfg(feature = "cli")]
pub(crate) fn is_ours(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    // Opening a pipe would wait for its other end.
    if fs::metadata(path).is_ok_and(|known| !known.is_file()) {
        return Ok(true);
    }
    match File::open(path) {
        Ok(file) => {
            file.take(MARK.len() as u64).read_to_end(&mut start)?;
            Ok(start.is_empty()
                || start == MARK.as_bytes()
                || start.starts_with(JSON_MARK.as_bytes()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// The text of an output, `None` if it does not exist.
pub(crate) fn old_text(path: &Path) -> io::Result<Option<Vec<u8>>> {
    if fs::metadata(path).is_ok_and(|known| !known.is_file()) {
        return Err(io::Error::other("not a regular file"));
    }
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// First bytes of our JSON.
#[cfg(feature = "cli")]
pub(crate) const JSON_MARK: &str = "{\n  \"rpcgen-rs\"";

/// Replaces a file: the text goes to a new file beside it, which then takes its name. Whatever fails, the old file is
/// still there, whole.
pub(crate) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|known| !known.is_file()) {
        // A pipe or device has no old content to keep.
        return fs::OpenOptions::new()
            .write(true)
            .open(path)?
            .write_all(text);
    }
    // A link keeps pointing to its file.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = target
        .file_name()
        .ok_or_else(|| io::Error::other("not the name of a file"))?;
    let mut temporary = std::ffi::OsString::from(".");
    // Names have an end, in most file systems after 255 bytes.
    temporary.push(name.to_string_lossy().chars().take(50).collect::<String>());
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = target.with_file_name(temporary);
    let known = fs::metadata(&target).ok().map(|known| known.permissions());
    let written = write_new(&temporary, known, text).and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// With the permissions of the file that it is to replace: what was private stays so.
fn write_new(path: &Path, known: Option<fs::Permissions>, text: &[u8]) -> io::Result<()> {
    // What a killed run of the same number has left, or a link that somebody has put there.
    let _ = fs::remove_file(path);
    let mut file = File::create_new(path)?;
    if let Some(known) = known {
        file.set_permissions(known)?;
    }
    file.write_all(text)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
