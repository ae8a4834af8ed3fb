//! Lines being put together, and their final layout: indentation, breaks in lines that are too long, and comments behind
//! consecutive lines in one column.

/// Columns of a line. Longer ones are broken where they may be: arguments and operators go on below. Comments and what
/// has no such place stay as long as they are.
pub(super) const WIDTH: usize = 100;

/// The lines of a file.
#[derive(Debug, Default)]
pub(super) struct Lines {
    done: Vec<Line>,
    /// The line that is being written.
    open: Option<Line>,
}

#[derive(Debug, Default)]
struct Line {
    indent: usize,
    /// Statement, or comment of its own; empty for a blank line and for a comment that goes on below another one.
    code: Vec<u8>,
    /// Spaces in the code where it may go on below.
    breaks: Vec<(usize, Below)>,
    /// Comment behind the code.
    comment: Option<Comment>,
    /// As it is: directives and `%` lines.
    raw: bool,
    /// Ends in `{`: no blank line behind it.
    opens: bool,
}

/// How a line may go on below.
#[derive(Clone, Copy, Debug)]
pub(super) struct Below {
    /// The column.
    pub(super) column: usize,
    /// Parentheses around the place: the fewer, the better.
    pub(super) depth: usize,
}

#[derive(Debug)]
struct Comment {
    text: Vec<u8>,
    /// Column it had: its further lines move as far as its first one.
    from: usize,
}

impl Lines {
    /// Nothing stands on the current line yet.
    pub(super) fn at_start(&self) -> bool {
        self.open.is_none()
    }

    /// Adds to the current line, or begins one at `indent`. `from` is the old column of a comment.
    /// A line that gets too long may be broken in front of the text and go on `below`.
    pub(super) fn push(
        &mut self,
        text: &[u8],
        spaced: bool,
        indent: usize,
        from: Option<usize>,
        below: Option<Below>,
    ) {
        let fresh = self.open.is_none();
        let line = self.open.get_or_insert_with(|| Line {
            indent,
            ..Line::default()
        });
        if spaced && !fresh {
            line.breaks
                .extend(below.map(|below| (line.code.len(), below)));
            line.code.push(b' ');
        }
        match from {
            None => line.code.extend_from_slice(text),
            Some(from) => {
                // Looked for only where it matters: there may be many comments on a line.
                let to = if text.contains(&b'\n') {
                    line.end_column()
                } else {
                    from
                };
                line.code.extend(moved(text, from, to));
            }
        }
    }

    /// A comment that belongs to the line it stands behind, or (`same_line` is false) to the comment there. The line
    /// may still get its `;`.
    pub(super) fn comment_behind(
        &mut self,
        text: &[u8],
        from: usize,
        same_line: bool,
        indent: usize,
    ) {
        let comment = Comment {
            text: text.to_vec(),
            from,
        };
        let line = self
            .open
            .as_mut()
            .or(self.done.last_mut())
            .filter(|_| same_line);
        let slot = line.map(|line| &mut line.comment);
        match slot {
            Some(slot @ None) => *slot = Some(comment),
            Some(Some(first)) if !first.text.starts_with(b"//") => {
                first.text.push(b' ');
                first.text.extend_from_slice(text);
            }
            // Goes on below the comment of the line above.
            _ => {
                self.end();
                self.done.push(Line {
                    indent,
                    comment: Some(comment),
                    ..Line::default()
                });
            }
        }
    }

    /// A line that stays as it is.
    pub(super) fn raw(&mut self, text: &[u8]) {
        self.end();
        let mut code = text.to_vec();
        code.retain(|b| *b != b'\r');
        self.done.push(Line {
            code,
            raw: true,
            ..Line::default()
        });
    }

    /// Ends the current line.
    pub(super) fn end(&mut self) {
        self.done.extend(self.open.take().map(Line::broken));
    }

    /// Goes on with the line just ended: what comes must not begin one.
    pub(super) fn reopen(&mut self) {
        self.drop_blank();
        if self.open.is_none() && self.done.last().is_some_and(|last| !last.raw) {
            self.open = self.done.pop();
        }
    }

    /// The line just ended opens a body.
    pub(super) fn open(&mut self) {
        if let Some(line) = self.done.last_mut() {
            line.opens = true;
        }
    }

    /// A blank line, but not two, and none behind `{` or at the beginning.
    pub(super) fn blank(&mut self) {
        if self
            .done
            .last()
            .is_some_and(|last| !last.opens && !last.is_blank())
        {
            self.done.push(Line::default());
        }
    }

    /// Takes back a blank line: `}` comes.
    pub(super) fn drop_blank(&mut self) {
        if self.done.last().is_some_and(Line::is_blank) {
            self.done.pop();
        }
    }

    /// The text.
    pub(super) fn render(mut self) -> Vec<u8> {
        self.end();
        self.drop_blank();
        let mut out = Vec::new();
        let mut rest = self.done.as_slice();
        while let Some(first) = rest.first() {
            let run = rest.iter().take_while(|l| l.comment.is_some()).count();
            if run == 0 {
                first.write(&mut out, 0);
                rest = &rest[1..];
                continue;
            }
            let (block, tail) = rest.split_at(run);
            let column = block.iter().map(Line::end_column).max().unwrap_or(0) + 2;
            for line in block {
                line.write(&mut out, column);
            }
            rest = tail;
        }
        // What ends the text in a backslash would go on behind a line end.
        if self.done.last().is_some_and(Line::goes_on) {
            out.pop();
        }
        out
    }
}

impl Line {
    /// Breaks a line that is too long: where the fewest parentheses are around, and there as late as may be.
    fn broken(mut self) -> Self {
        // A comment of several lines inside would have to move.
        if self.indent + self.code.len() <= WIDTH || self.code.contains(&b'\n') {
            return self;
        }
        let mut code = Vec::with_capacity(self.code.len() + 64);
        let (mut start, mut column) = (0, self.indent);
        let mut breaks = self.breaks.as_slice();
        while !breaks.is_empty() {
            let end_at = |at: usize| column + (at - start);
            if end_at(self.code.len()) <= WIDTH {
                break;
            }
            let fitting = breaks
                .partition_point(|(at, _)| end_at(*at) <= WIDTH)
                .max(1);
            let best = breaks[..fitting].iter().map(|(_, below)| below.depth).min();
            let last = breaks[..fitting]
                .iter()
                .rposition(|(_, below)| Some(below.depth) == best);
            let Some(last) = last else { break };
            let (at, below) = breaks[last];
            code.extend_from_slice(&self.code[start..at]);
            code.push(b'\n');
            code.extend(std::iter::repeat_n(b' ', below.column));
            (start, column) = (at + 1, below.column);
            breaks = &breaks[last + 1..];
        }
        code.extend_from_slice(&self.code[start..]);
        self.code = code;
        self
    }

    /// Column behind the code, which may hold a comment of several lines.
    fn end_column(&self) -> usize {
        match self.code.iter().rposition(|b| *b == b'\n') {
            None => self.code.iter().fold(self.indent, advance),
            Some(feed) => expanded(&self.code[feed + 1..]),
        }
    }

    /// Is it a directive or a line for C whose line end would belong to it?
    fn goes_on(&self) -> bool {
        self.raw && self.code.ends_with(b"\\")
    }

    fn is_blank(&self) -> bool {
        self.code.is_empty() && self.comment.is_none()
    }

    fn write(&self, out: &mut Vec<u8>, column: usize) {
        if !self.code.is_empty() {
            out.extend(std::iter::repeat_n(b' ', self.indent));
            out.extend_from_slice(&self.code);
        }
        if let Some(comment) = &self.comment {
            let at = if self.code.is_empty() {
                0
            } else {
                self.end_column()
            };
            out.extend(std::iter::repeat_n(b' ', column - at));
            out.extend(moved(&comment.text, comment.from, column));
        }
        while !self.raw && out.last() == Some(&b' ') {
            out.pop();
        }
        out.push(b'\n');
    }
}

/// Columns of a text's bytes, one behind the other; tab stops every eight.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    text: &'a [u8],
    at: usize,
    column: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        let (at, column) = (0, 0);
        Self { text, at, column }
    }

    /// Column of a byte that is not in front of the last one asked for.
    pub(super) fn column(&mut self, at: u32) -> usize {
        let between = &self.text[self.at..at as usize];
        self.column = match between.iter().rposition(|b| *b == b'\n') {
            None => between.iter().fold(self.column, advance),
            Some(feed) => expanded(&between[feed + 1..]),
        };
        self.at = at as usize;
        self.column
    }
}

fn expanded(text: &[u8]) -> usize {
    text.iter().fold(0, advance)
}

/// Control characters have no width; documentation leaves them out.
fn advance(column: usize, byte: &u8) -> usize {
    match byte {
        b'\t' => column / 8 * 8 + 8,
        byte if byte.is_ascii_control() => column,
        _ => column + 1,
    }
}

/// A comment whose first line moves from one column to another: its other lines move along, as far as they can
/// without changing their order.
fn moved(text: &[u8], from: usize, to: usize) -> Vec<u8> {
    let mut lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end);
    let mut out = lines.next().unwrap_or_default().to_vec();
    let rest: Vec<(usize, &[u8])> = lines
        .map(|line| {
            let blank = line.len() - line.trim_ascii_start().len();
            (expanded(&line[..blank]), &line[blank..])
        })
        .collect();
    let least = rest
        .iter()
        .filter(|(_, line)| !line.is_empty())
        .map(|(indent, _)| *indent)
        .min()
        .unwrap_or(0);
    let less = from.saturating_sub(to).min(least);
    for (indent, line) in rest {
        out.push(b'\n');
        if !line.is_empty() {
            let indent = if to >= from {
                indent + (to - from)
            } else {
                indent - less
            };
            out.extend(std::iter::repeat_n(b' ', indent));
            out.extend_from_slice(line);
        }
    }
    out
}
