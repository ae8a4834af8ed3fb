//! What the command prints: lists, trees, details, progress.
//!
//! Names come from the server, so whatever is not printable in them is escaped, as in a URL.

use nfs3::client::{Client, Entry, Error, Object, Progress, shown};
use nfs3::nfs3::{
    ACCESS3_DELETE, ACCESS3_EXECUTE, ACCESS3_EXTEND, ACCESS3_LOOKUP, ACCESS3_MODIFY, ACCESS3_READ,
    Fattr3, Ftype3, NfsFh3, Nfstime3,
};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Directories within directories that `tree` goes into.
const MAX_DEPTH: usize = 128;

fn letter(kind: Ftype3) -> char {
    match kind {
        Ftype3::Nf3reg => '-',
        Ftype3::Nf3dir => 'd',
        Ftype3::Nf3blk => 'b',
        Ftype3::Nf3chr => 'c',
        Ftype3::Nf3lnk => 'l',
        Ftype3::Nf3sock => 's',
        Ftype3::Nf3fifo => 'p',
    }
}

/// `-rwxr-xr-x`.
fn mode(attr: &Fattr3) -> String {
    let mut text = String::from(letter(attr.r#type));
    for (shift, special, with, without) in [
        (6, 0o4000, 's', 'S'),
        (3, 0o2000, 's', 'S'),
        (0, 0o1000, 't', 'T'),
    ] {
        let bits = attr.mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (attr.mode & special != 0, bits & 1 != 0) {
            (true, true) => with,
            (true, false) => without,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// `2026-11-24 12:00:00`, in UTC.
fn moment(time: &Nfstime3) -> String {
    let seconds = time.seconds;
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    // Years from March on: the leap day comes last. The protocol's clock ends before the year 2400.
    days += 719_468;
    let era = days / 146_097;
    let day = days % 146_097;
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year + u32::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day_of_month:02} {hour:02}:{minute:02}:{second:02}")
}

/// The lines of `ls`.
pub(crate) async fn listing(
    client: &Client,
    object: &Object,
    path: &[u8],
    long: bool,
) -> Result<Vec<String>, Error> {
    let mut entries = if object.attr.r#type == Ftype3::Nf3dir {
        client.list(&object.handle, path).await?
    } else {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        vec![Entry {
            name: name.into(),
            object: Some(object.clone()),
        }]
    };
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let lines = entries.iter().map(|entry| {
        let name = shown(entry.name.as_bytes());
        match &entry.object {
            Some(object) if long => long_line(&object.attr, &name),
            _ => name,
        }
    });
    Ok(lines.collect())
}

fn long_line(attr: &Fattr3, name: &str) -> String {
    format!(
        "{} {:>3} {:>6} {:>6} {:>12} {} {name}",
        mode(attr),
        attr.nlink,
        attr.uid,
        attr.gid,
        attr.size,
        moment(&attr.mtime),
    )
}

/// What `stat` prints.
pub(crate) async fn details(
    client: &Client,
    object: &Object,
    path: &[u8],
) -> Result<String, Error> {
    let a = &object.attr;
    let kind = match a.r#type {
        Ftype3::Nf3reg => "file",
        Ftype3::Nf3dir => "directory",
        Ftype3::Nf3blk => "block device",
        Ftype3::Nf3chr => "character device",
        Ftype3::Nf3lnk => "symbolic link",
        Ftype3::Nf3sock => "socket",
        Ftype3::Nf3fifo => "named pipe",
    };
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{name:>10}: {value}");
    };
    line("path", client.full(path));
    line("kind", kind.into());
    if a.r#type == Ftype3::Nf3lnk {
        let target = client.link(&object.handle, path).await?;
        line("target", shown(&target));
    }
    if matches!(a.r#type, Ftype3::Nf3blk | Ftype3::Nf3chr) {
        line(
            "device",
            format!("{}, {}", a.rdev.specdata1, a.rdev.specdata2),
        );
    }
    line("size", format!("{} bytes, {} on the disk", a.size, a.used));
    line("mode", format!("{:04o} {}", a.mode, mode(a)));
    line("owner", format!("uid {}, gid {}", a.uid, a.gid));
    line("names", a.nlink.to_string());
    line("file", format!("{} of file system {:#x}", a.fileid, a.fsid));
    for (name, time) in [
        ("accessed", &a.atime),
        ("modified", &a.mtime),
        ("changed", &a.ctime),
    ] {
        line(name, format!("{}.{:09} UTC", moment(time), time.nseconds));
    }
    let access = client.access(object, path).await?;
    let may: Vec<_> = [
        (ACCESS3_READ, "read"),
        (ACCESS3_LOOKUP, "look up"),
        (ACCESS3_MODIFY, "modify"),
        (ACCESS3_EXTEND, "extend"),
        (ACCESS3_DELETE, "delete"),
        (ACCESS3_EXECUTE, "execute"),
    ]
    .into_iter()
    .filter(|(bit, _)| access & bit != 0)
    .map(|(_, word)| word)
    .collect();
    line(
        "you may",
        if may.is_empty() {
            "nothing".into()
        } else {
            may.join(", ")
        },
    );
    Ok(text)
}

/// A directory of a tree: its entries, and which of them have directories of their own.
type Listings = HashMap<usize, Vec<(String, Ftype3, Option<usize>)>>;

/// Lists all directories at once, as far as the window allows, and prints them in order.
pub(crate) async fn tree(
    client: &Client,
    top: &Object,
    path: &[u8],
    window: usize,
    out: &mut impl Write,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut listings = Listings::new();
    let mut waiting: Vec<(usize, usize, NfsFh3, Vec<u8>)> = vec![(
        0,
        0,
        top.handle.clone(),
        path.strip_suffix(b"/").unwrap_or(path).to_vec(),
    )];
    let mut next = 1;
    let mut flights = JoinSet::new();
    let mut failed = None;
    loop {
        while flights.len() < window
            && let Some((number, depth, handle, path)) = waiting.pop()
        {
            let client = client.clone();
            flights.spawn(async move {
                let entries = client.list(&handle, &path).await;
                (number, depth, path, entries)
            });
        }
        let Some(task) = flights.join_next().await else {
            break;
        };
        let (number, depth, path, entries) = task?;
        let mut entries = match entries {
            Ok(entries) => entries,
            // One directory that is not ours to read does not end the walk.
            Err(error) => {
                eprintln!("nfs3: {error}");
                failed = Some("some directories could not be listed");
                continue;
            }
        };
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let mut lines = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = shown(entry.name.as_bytes());
            let Some(object) = entry.object else {
                lines.push((name, Ftype3::Nf3reg, None));
                continue;
            };
            let kind = object.attr.r#type;
            let mut own = None;
            if kind == Ftype3::Nf3dir {
                let path = [&path, &b"/"[..], entry.name.as_bytes()].concat();
                if depth < MAX_DEPTH {
                    own = Some(next);
                    waiting.push((next, depth + 1, object.handle, path));
                    next += 1;
                } else {
                    let full = client.full(&path);
                    eprintln!("nfs3: {full}: more than {MAX_DEPTH} levels deep");
                    failed = Some("some directories are too deep to be listed");
                }
            }
            lines.push((name, kind, own));
        }
        listings.insert(number, lines);
    }
    writeln!(out, "{}", client.full(path))?;
    branches(&mut listings, 0, "", out)?;
    failed.map_or(Ok(()), |why| Err(why.into()))
}

fn branches(
    listings: &mut Listings,
    number: usize,
    indent: &str,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let lines = listings.remove(&number).unwrap_or_default();
    let count = lines.len();
    for (at, (name, kind, own)) in lines.into_iter().enumerate() {
        let last = at + 1 == count;
        let slash = if kind == Ftype3::Nf3dir { "/" } else { "" };
        writeln!(
            out,
            "{indent}{} {name}{slash}",
            if last { "└──" } else { "├──" }
        )?;
        if let Some(own) = own {
            let deeper = format!("{indent}{}   ", if last { " " } else { "│" });
            branches(listings, own, &deeper, out)?;
        }
    }
    Ok(())
}

/// One line on standard error that grows with a transfer, once that has lasted a second.
pub(crate) struct Bar {
    on: bool,
    start: Instant,
    last: Option<Instant>,
}

impl Bar {
    pub(crate) fn new(always: bool) -> Self {
        Self {
            on: always || std::io::stderr().is_terminal(),
            start: Instant::now(),
            last: None,
        }
    }

    /// Ends the line.
    pub(crate) fn end(&self) {
        if self.last.is_some() {
            eprintln!();
        }
    }
}

impl Progress for Bar {
    fn moved(&mut self, done: u64, all: u64) {
        let since = self.start.elapsed();
        let due = self
            .last
            .is_none_or(|last| last.elapsed() >= Duration::from_millis(200));
        // The last line is always true.
        let ends = done == all && self.last.is_some();
        if !self.on || since < Duration::from_secs(1) || !(due || ends) {
            return;
        }
        self.last = Some(Instant::now());
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let rate = mib(done) / since.as_secs_f64();
        eprint!(
            "\r{:.1} of {:.1} MiB, {rate:.1} MiB/s   ",
            mib(done),
            mib(all)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        let at = |seconds| {
            moment(&Nfstime3 {
                seconds,
                nseconds: 0,
            })
        };
        assert_eq!(at(0), "1970-01-01 00:00:00");
        assert_eq!(at(951_782_399), "2000-02-28 23:59:59");
        assert_eq!(at(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(at(1_709_251_200), "2024-03-01 00:00:00");
        assert_eq!(at(u32::MAX), "2106-02-07 06:28:15");
    }

    #[test]
    fn modes_look_like_those_of_ls() {
        let text = |kind, bits| {
            mode(&Fattr3 {
                r#type: kind,
                mode: bits,
                ..sample()
            })
        };
        assert_eq!(text(Ftype3::Nf3reg, 0o644), "-rw-r--r--");
        assert_eq!(text(Ftype3::Nf3dir, 0o1777), "drwxrwxrwt");
        assert_eq!(text(Ftype3::Nf3reg, 0o6711), "-rws--s--x");
        assert_eq!(text(Ftype3::Nf3reg, 0o7000), "---S--S--T");
    }

    fn sample() -> Fattr3 {
        let time = || Nfstime3 {
            seconds: 0,
            nseconds: 0,
        };
        Fattr3 {
            r#type: Ftype3::Nf3reg,
            mode: 0,
            nlink: 1,
            uid: 0,
            gid: 0,
            size: 0,
            used: 0,
            rdev: Default::default(),
            fsid: 0,
            fileid: 0,
            atime: time(),
            mtime: time(),
            ctime: time(),
        }
    }
}
