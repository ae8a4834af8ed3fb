//! What a process says of itself: a line of names and numbers.

use std::fmt;

/// Names and numbers, such as `descriptors=9`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures(Vec<(String, u64)>);

impl Figures {
    /// Memory, descriptors, tasks of the process and runtime that this is called in.
    pub(crate) fn own() -> Self {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages = statm.split(' ').nth(1).and_then(|n| n.parse().ok());
        let descriptors = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        let tasks = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        Self::default()
            .with("kib", pages.unwrap_or(0) * 4)
            .with("descriptors", descriptors as u64)
            .with("tasks", tasks as u64)
    }

    pub(crate) fn with(mut self, name: &str, number: u64) -> Self {
        self.0.push((name.to_owned(), number));
        self
    }

    pub(crate) fn parse(line: &str) -> Self {
        let one = |word: &str| {
            let (name, number) = word.split_once('=')?;
            Some((name.to_owned(), number.parse().ok()?))
        };
        Self(line.split_whitespace().filter_map(one).collect())
    }

    /// The number of that name.
    pub(crate) fn get(&self, name: &str) -> u64 {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.unwrap_or_else(|| panic!("no {name} in {self}")).1
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, number)) in self.0.iter().enumerate() {
            let space = if i > 0 { " " } else { "" };
            write!(f, "{space}{name}={number}")?;
        }
        Ok(())
    }
}
