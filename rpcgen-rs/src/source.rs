//! Files, positions and how text comes in.
//!
//! Text is bytes: real interface files hold Latin-1 in their comments. The front end never opens a file itself; it asks
//! a [`Loader`] and keeps what it got in the [`SourceMap`], whose [`Span`]s every later stage carries.

mod map;

pub use map::SpanMap;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Index of a file in a [`SourceMap`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A piece of a file: bytes `lo..hi`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub lo: u32,
    /// One past the last byte.
    pub hi: u32,
}

impl Span {
    /// From the start of `self` to the end of `end`; `self` alone when they lie in different files.
    #[must_use]
    pub fn to(self, end: Self) -> Self {
        if end.file == self.file && end.hi >= self.lo {
            Self {
                hi: end.hi.max(self.hi),
                ..self
            }
        } else {
            self
        }
    }

    /// The empty span right behind this one: where something is missing.
    #[must_use]
    pub fn after(self) -> Self {
        Self {
            lo: self.hi,
            ..self
        }
    }
}

/// Where the front end gets its files from.
///
/// Paths use `/`. The front end joins the path of an `#include` lexically: first with the folder of the including
/// file, then with each include folder, and takes the first that is not [`LoadError::NotFound`].
///
/// A loader that reads real files must check that the *resolved* path (symbolic links followed) lies below one of the
/// roots it was made with (the folders of the input files and the include folders), must open regular files only, and
/// must look at the size before it reads: the `.x` file may come from anywhere and say
/// `#include "../../etc/passwd"` or `#include "/dev/zero"`.
pub trait Loader {
    /// Reads one file of at most `limit` bytes.
    fn load(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, LoadError>;
}

/// Why a file did not load.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// No such file: the next include folder is tried.
    NotFound,
    /// It exists, but not below an allowed root.
    OutsideRoots,
    /// A folder, device, pipe or socket.
    NotRegular,
    /// Larger than the limit.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The system's own words.
    Io(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such file"),
            Self::OutsideRoots => f.write_str("outside the folders this run may read"),
            Self::NotRegular => f.write_str("not a regular file"),
            Self::TooLarge { limit } => write!(f, "larger than the limit of {limit} bytes"),
            Self::Io(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for LoadError {}

/// A loader over files in memory.
#[derive(Clone, Debug, Default)]
pub struct MapLoader {
    files: BTreeMap<String, Vec<u8>>,
}

impl MapLoader {
    /// A loader that knows these `(path, text)` pairs.
    pub fn new<P: Into<String>, T: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        Self {
            files: files
                .into_iter()
                .map(|(path, text)| (path.into(), text.into()))
                .collect(),
        }
    }
}

impl Loader for MapLoader {
    fn load(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, LoadError> {
        match self.files.get(path) {
            None => Err(LoadError::NotFound),
            Some(text) if text.len() as u64 > limit => Err(LoadError::TooLarge { limit }),
            Some(text) => Ok(text.clone()),
        }
    }
}

/// What the front end accepts before it refuses to go on. Every limit has a message that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of text after preprocessing, all files of a run and expansions together.
    pub text: u32,
    /// `#include`s inside each other.
    pub include_depth: u32,
    /// `#include`s carried out in one run, and files of which others need something.
    pub includes: u32,
    /// Bytes that macro expansion may produce in one run.
    pub expansion: u32,
    /// Types, namespaces or parentheses inside each other.
    pub nesting: u32,
    /// Bytes of one name.
    pub name: u32,
    /// Definitions, members, labels, procedures and arguments, all together.
    pub items: u32,
    /// Members, labels, procedures or arguments of one definition: what is printed in one piece.
    pub members: u32,
}

/// What the files of a run have used of their limits so far: all of them share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Bytes of text, see [`Limits::text`].
    pub text: u64,
    /// Bytes of files, as often as they were read.
    pub read: u64,
    /// See [`Limits::includes`].
    pub includes: u32,
    /// See [`Limits::expansion`].
    pub expansion: u64,
    /// See [`Limits::items`].
    pub items: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // The whole pipeline takes up to 60 bytes of memory for a byte of dense text: this keeps it below 1 GiB.
            // The largest interfaces known are below 1 MiB.
            text: 16 << 20,
            include_depth: 64,
            includes: 4096,
            expansion: 4 << 20,
            nesting: 100,
            name: 4096,
            items: 1 << 18,
            members: 1 << 15,
        }
    }
}

/// The files of one run.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

/// One file: its text and where its lines begin.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: String,
    text: Arc<Vec<u8>>,
    /// Offset of the first byte of each line.
    lines: Vec<u32>,
    /// `# 77 "file.x"` markers, by the offset from which they hold.
    markers: Vec<Marker>,
    /// The `#include` that brought it in first.
    included_at: Option<Span>,
}

/// A line marker: the line that begins at `at` says it is line `line` of `path`.
#[derive(Clone, Debug)]
struct Marker {
    at: u32,
    line: u32,
    path: Option<String>,
}

/// A place as people write it. Line and column count from 1, the column in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position<'a> {
    /// Path of the file, or what the last line marker said.
    pub path: &'a str,
    /// Line, after line markers.
    pub line: u32,
    /// Column in characters.
    pub column: u32,
}

impl SourceMap {
    /// Adds a file. The text must be shorter than 4 GiB; [`Limits::text`] sees to that.
    pub fn add(
        &mut self,
        path: impl Into<String>,
        text: Vec<u8>,
        included_at: Option<Span>,
    ) -> FileId {
        let mut lines = vec![0];
        lines.extend(
            text.iter()
                .enumerate()
                .filter(|(_, b)| **b == b'\n')
                .map(|(at, _)| at as u32 + 1),
        );
        self.files.push(SourceFile {
            path: path.into(),
            text: text.into(),
            lines,
            markers: Vec::new(),
            included_at,
        });
        FileId(self.files.len() as u32 - 1)
    }

    /// The file with this path, if it was added.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files
            .iter()
            .position(|f| f.path == path)
            .map(|i| FileId(i as u32))
    }

    /// A file. Ids come from [`SourceMap::add`] of the same map.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files in the order they were read: what a build has to watch.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// The bytes of a span (cut to the file's length).
    pub fn text(&self, span: Span) -> &[u8] {
        let text = self.file(span.file).text();
        let hi = (span.hi as usize).min(text.len());
        &text[(span.lo as usize).min(hi)..hi]
    }

    /// Where a span begins, as people write it.
    pub fn position(&self, span: Span) -> Position<'_> {
        let file = self.file(span.file);
        let row = file.row(span.lo);
        let start = file.lines[row];
        let before = &file.text[start as usize..(span.lo as usize).min(file.text.len())];
        let letters = if before.is_ascii() {
            before.len()
        } else {
            String::from_utf8_lossy(before).chars().count()
        };
        Position {
            path: file.presumed_path(row),
            line: file.presumed_line(row),
            column: letters as u32 + 1,
        }
    }

    /// The line that a span begins on, without looking at what stands in front of it there.
    pub(crate) fn line(&self, span: Span) -> u32 {
        let file = self.file(span.file);
        file.presumed_line(file.row(span.lo))
    }

    /// Notes a line marker: from offset `at` on, lines count from `line` in `path`.
    pub(crate) fn mark(&mut self, file: FileId, at: u32, line: u32, path: Option<String>) {
        let markers = &mut self.files[file.0 as usize].markers;
        // A file that is included twice would note its markers twice.
        if markers.last().is_none_or(|m| m.at < at) {
            markers.push(Marker { at, line, path });
        }
    }
}

impl SourceFile {
    /// Path as it was loaded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The whole text, shared.
    pub(crate) fn shared_text(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.text)
    }

    /// The `#include` that brought the file in, `None` for a main file.
    pub fn included_at(&self) -> Option<Span> {
        self.included_at
    }

    /// Index of the line that holds byte `at`.
    pub(crate) fn row(&self, at: u32) -> usize {
        self.lines.partition_point(|start| *start <= at) - 1
    }

    /// Bytes `lo..hi` of a line without its line end.
    pub(crate) fn line(&self, row: usize) -> (u32, u32) {
        let lo = self.lines[row];
        let mut hi = self
            .lines
            .get(row + 1)
            .map_or(self.text.len() as u32, |next| next - 1);
        if hi > lo && self.text[hi as usize - 1] == b'\r' {
            hi -= 1;
        }
        (lo, hi)
    }

    /// Number of a line after line markers.
    fn presumed_line(&self, row: usize) -> u32 {
        match self.markers_above(row).last() {
            None => row as u32 + 1,
            Some(last) => last.line.saturating_add((row - self.row(last.at)) as u32),
        }
    }

    /// Path of a line after line markers.
    fn presumed_path(&self, row: usize) -> &str {
        let mut nearest = self.markers_above(row).iter().rev();
        nearest
            .find_map(|m| m.path.as_deref())
            .unwrap_or(&self.path)
    }

    /// The line markers that a line is below of.
    fn markers_above(&self, row: usize) -> &[Marker] {
        let start = self.lines[row];
        &self.markers[..self.markers.partition_point(|m| m.at <= start)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_follow_line_markers() {
        let mut map = SourceMap::default();
        let file = map.add("a.x", "ab\r\nc\u{e4}d\n# 7\nx\n".into(), None);
        let at = |lo| Span { file, lo, hi: lo };
        assert_eq!(
            map.position(at(1)),
            Position {
                path: "a.x",
                line: 1,
                column: 2
            }
        );
        assert_eq!(
            map.position(at(7)),
            Position {
                path: "a.x",
                line: 2,
                column: 3
            }
        );
        map.mark(file, 13, 77, Some("other.x".into()));
        assert_eq!(
            map.position(at(13)),
            Position {
                path: "other.x",
                line: 77,
                column: 1
            }
        );
        assert_eq!(map.position(at(15)).line, 78);
        assert_eq!(map.position(at(0)).line, 1);
        assert_eq!(map.file(file).line(0), (0, 2));
    }

    #[test]
    fn map_loader_honours_the_limit() {
        let mut loader = MapLoader::new([("a.x", "1234")]);
        assert_eq!(loader.load("a.x", 3), Err(LoadError::TooLarge { limit: 3 }));
        assert_eq!(loader.load("b.x", 3), Err(LoadError::NotFound));
        assert_eq!(loader.load("a.x", 4).as_deref(), Ok(&b"1234"[..]));
    }
}
