//! The bytes of a file in memory: chunks of 1 MiB, each of which is shared with whoever reads it.
//!
//! A whole chunk written at once is taken as it came, and a read within a chunk is a slice of it: neither copies. A
//! smaller write changes a chunk in place, or a copy of it while a reader still holds it. Holes take no memory. What is
//! cut off is given back.

use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;

/// Bytes of a chunk: the largest transfer.
pub(crate) const CHUNK: usize = 1 << 20;
static ZEROS: [u8; CHUNK] = [0; CHUNK];
/// What a chunk takes besides its bytes: its place in the tree, and what the allocator wants.
const CHUNK_COST: u64 = 128;

/// The content of a file.
#[derive(Debug, Default)]
pub(crate) struct Content {
    size: u64,
    /// By number; what is missing, also at a chunk's end, is zeros.
    chunks: BTreeMap<u64, Chunk>,
    /// The sum over the chunks.
    held: u64,
}

#[derive(Debug)]
struct Chunk {
    bytes: Bytes,
    /// What it takes: its allocation may be larger than its bytes.
    held: u64,
}

impl Chunk {
    fn new(bytes: Bytes, capacity: usize) -> Self {
        let held = capacity as u64 + CHUNK_COST;
        Self { bytes, held }
    }
}

/// Where a byte is: the chunk's number, and the place in it.
fn place(offset: u64) -> (u64, usize) {
    let within = usize::try_from(offset % CHUNK as u64).unwrap_or(0);
    (offset / CHUNK as u64, within)
}

impl Content {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that it takes in memory.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// How many more it takes once so much has been written there. An allocation that grows in steps may take up to
    /// half a chunk beyond that.
    pub(crate) fn growth(&self, offset: u64, mut count: usize) -> u64 {
        let mut growth = 0;
        let (mut number, mut within) = place(offset);
        while count > 0 {
            let length = count.min(CHUNK - within);
            let will = (within + length) as u64 + CHUNK_COST;
            let held = self.chunks.get(&number).map_or(0, |chunk| chunk.held);
            growth += will.saturating_sub(held);
            count -= length;
            (number, within) = (number + 1, 0);
        }
        growth
    }

    /// At most `count` bytes from `offset` on; fewer only where the file ends.
    pub(crate) fn read(&self, offset: u64, count: usize) -> Bytes {
        let left = self.size.saturating_sub(offset);
        let count = count.min(usize::try_from(left).unwrap_or(usize::MAX));
        let (number, within) = place(offset);
        if within + count <= CHUNK {
            return self.piece(number, within, count);
        }
        let mut all = BytesMut::with_capacity(count);
        let (mut number, mut within) = (number, within);
        while all.len() < count {
            let length = (CHUNK - within).min(count - all.len());
            all.extend_from_slice(&self.piece(number, within, length));
            (number, within) = (number + 1, 0);
        }
        all.freeze()
    }

    /// Bytes of one chunk.
    fn piece(&self, number: u64, from: usize, length: usize) -> Bytes {
        let to = from + length;
        match self.chunks.get(&number).map(|chunk| &chunk.bytes) {
            Some(chunk) if chunk.len() >= to => chunk.slice(from..to),
            None => Bytes::from_static(&ZEROS[..length]),
            Some(short) => {
                let mut piece = BytesMut::zeroed(length);
                let there = short.get(from..).unwrap_or_default();
                piece[..there.len()].copy_from_slice(there);
                piece.freeze()
            }
        }
    }

    pub(crate) fn write(&mut self, offset: u64, mut data: Bytes) {
        self.size = self.size.max(offset.saturating_add(data.len() as u64));
        let (mut number, mut within) = place(offset);
        while !data.is_empty() {
            let part = data.split_to(data.len().min(CHUNK - within));
            if part.len() == CHUNK {
                self.put(number, part, CHUNK);
            } else {
                self.patch(number, within, &part);
            }
            (number, within) = (number + 1, 0);
        }
    }

    fn put(&mut self, number: u64, bytes: Bytes, capacity: usize) {
        let chunk = Chunk::new(bytes, capacity);
        self.held += chunk.held;
        if let Some(old) = self.chunks.insert(number, chunk) {
            self.held -= old.held;
        }
    }

    fn take(&mut self, number: u64) -> Option<Bytes> {
        let chunk = self.chunks.remove(&number)?;
        self.held -= chunk.held;
        Some(chunk.bytes)
    }

    fn patch(&mut self, number: u64, from: usize, data: &[u8]) {
        let old = self.take(number).unwrap_or_default();
        let to = from + data.len();
        // In place unless somebody is reading it.
        let mut chunk = match old.try_into_mut() {
            Ok(chunk) => chunk,
            Err(shared) => {
                let mut copy = BytesMut::with_capacity(shared.len().max(to));
                copy.extend_from_slice(&shared);
                copy
            }
        };
        if chunk.len() == from {
            if chunk.capacity() < to {
                // A file that is written from its start to its end grows in few steps; one that is written at once
                // takes no more than it needs.
                let room = if from == 0 { to } else { (2 * to).min(CHUNK) };
                chunk.reserve(room - from);
            }
            chunk.extend_from_slice(data);
        } else {
            if chunk.len() < to {
                chunk.resize(to, 0);
            }
            chunk[from..to].copy_from_slice(data);
        }
        let capacity = chunk.capacity();
        self.put(number, chunk.freeze(), capacity);
    }

    /// Cuts the end off, or adds zeros.
    pub(crate) fn resize(&mut self, size: u64) {
        self.size = size;
        let (number, within) = place(size);
        let mut beyond = self.chunks.split_off(&number);
        self.held -= beyond.values().map(|chunk| chunk.held).sum::<u64>();
        if let (Some(last), true) = (beyond.remove(&number), within > 0) {
            match last.bytes.get(..within) {
                // A slice would keep all of the allocation.
                Some(kept) => self.put(number, Bytes::copy_from_slice(kept), within),
                None => {
                    self.held += last.held;
                    self.chunks.insert(number, last);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pattern that differs at each offset.
    fn pattern(offset: usize, length: usize) -> Vec<u8> {
        (offset..offset + length)
            .map(|i| (i * 7 + i / 251) as u8)
            .collect()
    }

    #[test]
    fn agrees_with_a_plain_vector() {
        let (mut content, mut plain) = (Content::default(), Vec::new());
        let steps = [
            (0, 10),
            (10, CHUNK),
            (CHUNK - 3, 6),
            (3 * CHUNK, CHUNK),
            (2 * CHUNK + 5, 1),
            (5, 2 * CHUNK + 1),
        ];
        for (offset, length) in steps {
            let data = pattern(offset + length, length);
            content.write(offset as u64, data.clone().into());
            if plain.len() < offset + length {
                plain.resize(offset + length, 0);
            }
            plain[offset..offset + length].copy_from_slice(&data);
            assert_eq!(content.size(), plain.len() as u64);
            assert!(
                content.read(0, usize::MAX) == plain,
                "after {offset}+{length}"
            );
        }
        for size in [3 * CHUNK + 9, 2 * CHUNK, CHUNK + 1, 4 * CHUNK, 0] {
            content.resize(size as u64);
            plain.resize(size, 0);
            assert!(content.read(0, usize::MAX) == plain, "resized to {size}");
            assert!(content.held() <= size as u64 + 5 * CHUNK_COST);
        }
    }

    #[test]
    fn what_a_reader_holds_does_not_change() {
        let mut content = Content::default();
        content.write(0, Bytes::from(pattern(0, 100)));
        let held = content.read(10, 20);
        content.write(0, Bytes::from(vec![0; 100]));
        assert_eq!(held, pattern(10, 20));
    }

    #[test]
    fn a_whole_chunk_is_neither_copied_in_nor_out() {
        let data = Bytes::from(pattern(0, CHUNK));
        let mut content = Content::default();
        content.write(CHUNK as u64, data.clone());
        assert_eq!(content.read(CHUNK as u64, CHUNK).as_ptr(), data.as_ptr());
    }

    #[test]
    fn a_hole_takes_no_memory() {
        let mut content = Content::default();
        content.write(1 << 40, Bytes::from_static(b"end"));
        assert_eq!(content.held(), 3 + CHUNK_COST);
        assert_eq!(content.read((1 << 40) - 2, 99), b"\0\0end"[..]);
        assert_eq!(content.read(u64::MAX, 9), b""[..]);
    }

    #[test]
    fn what_is_held_is_counted() {
        let mut content = Content::default();
        let data = Bytes::from(pattern(0, CHUNK));
        assert_eq!(content.growth(0, CHUNK), CHUNK as u64 + CHUNK_COST);
        content.write(0, data.clone());
        assert_eq!(content.held(), CHUNK as u64 + CHUNK_COST);
        assert_eq!(content.growth(0, CHUNK), 0, "it is there already");
        assert_eq!(content.growth(CHUNK as u64 - 1, 2), 1 + CHUNK_COST);
        content.resize(1);
        assert_eq!(content.held(), 1 + CHUNK_COST);
        assert!(data.try_into_mut().is_ok(), "nothing holds what is cut off");
        // Room for more is held, too.
        for at in 0..3 {
            content.write(at * 1000, Bytes::from(pattern(0, 1000)));
        }
        assert_eq!(content.held(), 4000 + CHUNK_COST);
        content.resize(0);
        assert_eq!(content.held(), 0);
    }
}
