//! What an rpcbind knows: a bounded table of registrations, and the rules for changing it.

use super::uaddr::{Netid, from_uaddr, to_uaddr};
use std::net::{IpAddr, SocketAddr};

/// Most registrations. A local user could otherwise fill the memory.
const MAX_ENTRIES: usize = 4096;
/// Longest address of a unix socket.
const MAX_PATH: usize = 108;

/// One registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) program: u32,
    pub(super) version: u32,
    pub(super) netid: Netid,
    pub(super) uaddr: String,
    pub(super) owner: String,
}

/// Who may do anything.
pub(super) const SUPERUSER: &str = "superuser";
/// Whoever calls from a port that any user can have.
pub(super) const UNKNOWN: &str = "unknown";

/// All registrations, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
}

impl Table {
    /// Adds an entry. TRUE as well when it is there already; FALSE when another address is, or when the address makes
    /// no sense: unlike other rpcbinds this one checks what it will tell others.
    pub(super) fn set(&mut self, entry: Entry) -> bool {
        if !is_valid(&entry) {
            return false;
        }
        let held = self.entries.iter().find(|e| {
            (e.program, e.version, e.netid) == (entry.program, entry.version, entry.netid)
        });
        match held {
            Some(held) => held.uaddr == entry.uaddr,
            None if self.entries.len() >= MAX_ENTRIES => {
                tracing::warn!(limit = MAX_ENTRIES, "rpcbind's table is full");
                false
            }
            None => {
                self.entries.push(entry);
                true
            }
        }
    }

    /// Removes a version of a program from these transports; FALSE when another owner's entry is among them.
    pub(super) fn unset(
        &mut self,
        program: u32,
        version: u32,
        netid: impl Fn(Netid) -> bool,
        owner: &str,
    ) -> bool {
        let asked = |e: &Entry| (e.program, e.version) == (program, version) && netid(e.netid);
        let foreign = |e: &Entry| owner != SUPERUSER && e.owner != owner;
        if self.entries.iter().any(|e| asked(e) && foreign(e)) {
            return false;
        }
        self.entries.retain(|e| !asked(e));
        true
    }

    /// The address of this version on a transport, or of another version when this one is missing: the call to it
    /// then tells the client which versions there are.
    pub(super) fn find(&self, program: u32, version: u32, netid: Netid) -> Option<&Entry> {
        self.exact(program, version, netid).or_else(|| {
            self.entries
                .iter()
                .find(|e| e.program == program && e.netid == netid)
        })
    }

    /// The address of exactly this version on a transport.
    pub(super) fn exact(&self, program: u32, version: u32, netid: Netid) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|e| (e.program, e.version, e.netid) == (program, version, netid))
    }

    /// All entries.
    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

fn is_valid(entry: &Entry) -> bool {
    match entry.netid {
        Netid::Local => !entry.uaddr.is_empty() && entry.uaddr.len() <= MAX_PATH,
        netid => from_uaddr(entry.uaddr.as_bytes()).is_some_and(|a| netid.fits(a.ip())),
    }
}

impl Entry {
    /// The socket address, where it is one.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        from_uaddr(self.uaddr.as_bytes())
    }

    /// The address as it is told to a client that reaches this host by `via`: a wildcard means all of the host's
    /// addresses, so the one the client knows.
    pub(super) fn uaddr_for(&self, via: Option<IpAddr>) -> String {
        match (self.address(), via) {
            (Some(mut address), Some(via))
                if address.ip().is_unspecified() && self.netid.fits(via) =>
            {
                address.set_ip(via);
                to_uaddr(address)
            }
            _ => self.uaddr.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: u32, uaddr: &str, owner: &str) -> Entry {
        Entry {
            program: 7,
            version,
            netid: Netid::Tcp,
            uaddr: uaddr.into(),
            owner: owner.into(),
        }
    }

    #[test]
    fn an_address_can_be_set_again_but_not_taken() {
        let mut table = Table::default();
        assert!(table.set(entry(1, "0.0.0.0.8.1", "1")));
        assert!(table.set(entry(1, "0.0.0.0.8.1", "1")));
        assert!(!table.set(entry(1, "0.0.0.0.8.2", "1")));
        assert_eq!(table.all().count(), 1);
    }

    #[test]
    fn only_the_owner_and_the_superuser_remove_an_entry() {
        let mut table = Table::default();
        table.set(entry(1, "0.0.0.0.8.1", "1000"));
        assert!(!table.unset(7, 1, |_| true, "1001"));
        assert!(!table.unset(7, 1, |_| true, UNKNOWN));
        assert!(
            table.unset(7, 1, |id| id == Netid::Udp, "1001"),
            "nothing of it there"
        );
        assert_eq!(table.all().count(), 1);
        assert!(table.unset(7, 1, |_| true, SUPERUSER));
        assert_eq!(table.all().count(), 0);
    }

    #[test]
    fn nonsense_is_not_stored_and_the_table_is_bounded() {
        let mut table = Table::default();
        for bad in [
            "",
            "300.1.2.3.1.1",
            "0.0.0.0.0.0",
            "::1.8.1",
            "1.2.3.4.256.1",
        ] {
            assert!(!table.set(entry(1, bad, "1")), "{bad}");
        }
        for version in 0..MAX_ENTRIES as u32 {
            assert!(table.set(entry(version, "0.0.0.0.8.1", "1")));
        }
        assert!(!table.set(entry(u32::MAX, "0.0.0.0.8.1", "1")));
    }

    #[test]
    fn another_version_is_found_unless_exactly_one_is_asked_for() {
        let mut table = Table::default();
        table.set(entry(3, "0.0.0.0.8.1", "1"));
        assert_eq!(table.find(7, 4, Netid::Tcp).unwrap().version, 3);
        assert!(table.find(7, 4, Netid::Udp).is_none());
        assert!(table.exact(7, 4, Netid::Tcp).is_none());
    }

    #[test]
    fn a_wildcard_becomes_the_address_the_client_used() {
        let wildcard = entry(1, "0.0.0.0.8.1", "1");
        let via = |ip: &str| Some(ip.parse().unwrap());
        assert_eq!(wildcard.uaddr_for(via("192.0.2.1")), "192.0.2.1.8.1");
        assert_eq!(wildcard.uaddr_for(via("::1")), "0.0.0.0.8.1");
        assert_eq!(
            entry(1, "127.0.0.1.8.1", "1").uaddr_for(via("192.0.2.1")),
            "127.0.0.1.8.1"
        );
    }
}
