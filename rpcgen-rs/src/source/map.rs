//! Where each byte of preprocessed text came from.

use super::{FileId, Span};

/// Maps ranges of preprocessed text back into the files.
#[derive(Clone, Debug, Default)]
pub struct SpanMap {
    /// Ordered by `at`; each holds up to the next one's `at`.
    pieces: Vec<Piece>,
}

/// A run of text that came from one place.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Where it begins in the preprocessed text.
    at: u32,
    /// Where it came from. For a copy, `hi` is unused.
    source: Span,
    /// `false`: copied byte by byte from `source.lo` on. `true`: the expansion of the macro used at `source`.
    expansion: bool,
}

impl SpanMap {
    /// The map of a text that is a file, unchanged.
    pub fn identity(file: FileId) -> Self {
        Self::suffix(file, 0)
    }

    /// The map of a text that is a file from byte `lo` on.
    pub(crate) fn suffix(file: FileId, lo: u32) -> Self {
        let mut map = Self::default();
        map.copy(0, file, lo);
        map
    }

    /// The map of a text that stands for one place as a whole.
    pub(crate) fn all_at(span: Span) -> Self {
        Self {
            pieces: vec![Piece {
                at: 0,
                source: span,
                expansion: true,
            }],
        }
    }

    /// From `at` on, text is a copy of the file from `lo` on.
    pub(crate) fn copy(&mut self, at: u32, file: FileId, lo: u32) {
        self.push(Piece {
            at,
            source: Span { file, lo, hi: lo },
            expansion: false,
        });
    }

    /// From `at` on, text is what the macro used at `span` expands to.
    pub(crate) fn expansion(&mut self, at: u32, span: Span) {
        self.push(Piece {
            at,
            source: span,
            expansion: true,
        });
    }

    fn push(&mut self, piece: Piece) {
        match self.pieces.last_mut() {
            Some(last) if last.at == piece.at => *last = piece,
            _ => self.pieces.push(piece),
        }
    }

    fn piece(&self, at: u32) -> Piece {
        match self.pieces.as_slice() {
            [] => Piece {
                at: 0,
                source: Span::default(),
                expansion: false,
            },
            [only] => *only,
            pieces => pieces[pieces.partition_point(|p| p.at <= at).saturating_sub(1)],
        }
    }

    /// The use of a macro that the text at `at` is the expansion of, if it is.
    pub(crate) fn macro_use(&self, at: u32) -> Option<Span> {
        let piece = self.piece(at);
        piece.expansion.then_some(piece.source)
    }

    /// The source of the text `lo..hi`. When its ends lie in different files, the source of its beginning.
    pub fn span(&self, lo: u32, hi: u32) -> Span {
        // Most texts are one file, unchanged.
        if let [all] = self.pieces.as_slice() {
            return all.resolve(lo, hi.max(lo));
        }
        let start = self.piece(lo).resolve(lo, lo);
        if hi <= lo {
            return start;
        }
        start.to(self.piece(hi - 1).resolve(hi - 1, hi))
    }
}

impl Piece {
    fn resolve(self, lo: u32, hi: u32) -> Span {
        if self.expansion {
            return self.source;
        }
        let base = self.source.lo;
        Span {
            file: self.source.file,
            lo: base + (lo - self.at),
            hi: base + (hi - self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_shift_and_expansions_stand_still() {
        let file = FileId(3);
        let mut map = SpanMap::default();
        map.copy(0, file, 100);
        map.expansion(
            10,
            Span {
                file,
                lo: 110,
                hi: 115,
            },
        );
        map.copy(30, file, 115);
        assert_eq!(
            map.span(2, 5),
            Span {
                file,
                lo: 102,
                hi: 105
            }
        );
        assert_eq!(
            map.span(12, 20),
            Span {
                file,
                lo: 110,
                hi: 115
            }
        );
        assert_eq!(
            map.span(8, 32),
            Span {
                file,
                lo: 108,
                hi: 117
            }
        );
        assert_eq!(
            map.span(30, 30),
            Span {
                file,
                lo: 115,
                hi: 115
            }
        );
    }
}
