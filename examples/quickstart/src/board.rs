//! The server: one board behind both versions of the program.

use crate::api::board_prog::{BoardV1, BoardV2};
use crate::api::{Entries, Entry, Note, Paper, Pinned, Taken};
use rpcgen_runtime::{Context, Fault, XdrString};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many notes fit on the board.
const ROOM: usize = 4;

/// A board of notes. Clones share the notes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    pinned: BTreeMap<u64, Note>,
    last_id: u64,
}

impl Board {
    /// Does something with the notes; nothing awaits while they are locked.
    fn with<T>(&self, work: impl FnOnce(&mut Notes) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn pin(&self, note: Note) -> Pinned {
        self.with(|notes| {
            if notes.pinned.len() >= ROOM {
                return Pinned::Full(ROOM as u32);
            }
            notes.last_id += 1;
            notes.pinned.insert(notes.last_id, note);
            Pinned::Ok(notes.last_id)
        })
    }

    fn list(&self, wanted: impl Fn(&Note) -> bool) -> Entries {
        self.with(|notes| {
            let found = notes.pinned.iter().filter(|(_, note)| wanted(note));
            found
                .map(|(id, note)| Entry {
                    id: *id,
                    note: note.clone(),
                })
                .collect()
        })
    }
}

impl BoardV1 for Board {
    async fn pin(&self, _cx: &Context, note: Note) -> Result<Pinned, Fault> {
        Ok(Self::pin(self, note))
    }

    async fn list(&self, _cx: &Context) -> Result<Entries, Fault> {
        Ok(Self::list(self, |_| true))
    }
}

impl BoardV2 for Board {
    async fn pin(&self, _cx: &Context, note: Note) -> Result<Pinned, Fault> {
        Ok(Self::pin(self, note))
    }

    async fn find(&self, _cx: &Context, text: XdrString, paper: Paper) -> Result<Entries, Fault> {
        let text = text.to_string_lossy();
        Ok(Self::list(self, |note| {
            note.paper == paper && note.text.to_string_lossy().contains(&*text)
        }))
    }

    async fn take(&self, _cx: &Context, id: u64) -> Result<Taken, Fault> {
        Ok(match self.with(|notes| notes.pinned.remove(&id)) {
            Some(note) => Taken::Ok(note),
            None => Taken::NotFound,
        })
    }
}
