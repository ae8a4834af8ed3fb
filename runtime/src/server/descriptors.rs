//! How many connections the process can have at all.

/// 0.8 of the descriptors that the process may open: the rest is for files, listeners and other libraries.
pub(crate) fn connections() -> usize {
    open_files().map_or(usize::MAX, |n| n / 10 * 8).max(16)
}

/// The soft limit of open files, where the system tells (Linux).
fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
