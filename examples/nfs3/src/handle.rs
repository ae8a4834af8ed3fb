//! File handles: what a client keeps of an object, and brings back whenever it likes.
//!
//! 25 bytes say which object: a format number with the length of the rest, the export, the object's number and its
//! generation (numbers are used again, the pair is not). The rest is a trail for the directory back end, one byte for each step from the top, by
//! which a server that has just started finds the object again without searching the whole tree. RFC 1813, §2.5.

use crate::backend::{Result, Status};
use rpcgen_runtime::Opaque;

/// In the first byte's low bits; the others are the length of the trail.
const FORMAT: u8 = 1;
const FORMAT_BITS: u32 = 2;
const FIXED: usize = 25;

/// Which object. Equal when they mean the same one, whatever their trails.
#[derive(Clone, Copy, Debug)]
pub struct Handle {
    /// The export it belongs to.
    pub export: u64,
    /// The object's number there.
    pub id: u64,
    /// Which of the objects that have had this number.
    pub generation: u64,
    /// Where it was when the handle was made.
    pub trail: Trail,
}

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        (self.export, self.id, self.generation) == (other.export, other.id, other.generation)
    }
}

impl Eq for Handle {}

impl Handle {
    /// Reads a handle that a client has sent.
    ///
    /// # Errors
    /// [`Status::Badhandle`]: this server never made it.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let word = |at: usize| -> Result<u64> {
            let word = bytes.get(at..at + 8).ok_or(Status::Badhandle)?;
            Ok(u64::from_be_bytes(
                word.try_into().map_err(|_| Status::Badhandle)?,
            ))
        };
        let trail = bytes.get(FIXED..).and_then(Trail::new);
        let trail = trail.ok_or(Status::Badhandle)?;
        if bytes.first() != Some(&first(&trail)) {
            return Err(Status::Badhandle);
        }
        Ok(Self {
            export: word(1)?,
            id: word(9)?,
            generation: word(17)?,
            trail,
        })
    }

    /// As it goes to the client.
    #[must_use]
    pub fn to_opaque(&self) -> Opaque {
        let mut bytes = [0; FIXED + Trail::MAX];
        bytes[0] = first(&self.trail);
        bytes[1..9].copy_from_slice(&self.export.to_be_bytes());
        bytes[9..17].copy_from_slice(&self.id.to_be_bytes());
        bytes[17..25].copy_from_slice(&self.generation.to_be_bytes());
        let end = FIXED + self.trail.as_slice().len();
        bytes[FIXED..end].copy_from_slice(self.trail.as_slice());
        Opaque::from(&bytes[..end])
    }
}

/// The first byte of a handle.
fn first(trail: &Trail) -> u8 {
    trail.len << FORMAT_BITS | FORMAT
}

/// One byte for each step from the top to an object.
#[derive(Clone, Copy, Debug)]
pub struct Trail {
    len: u8,
    steps: [u8; Self::MAX],
}

impl Trail {
    /// What fits into 64 bytes. Deeper objects have a trail to one of their ancestors.
    pub const MAX: usize = 38;

    /// The top's own trail.
    pub const EMPTY: Self = Self {
        len: 0,
        steps: [0; Self::MAX],
    };

    fn new(steps: &[u8]) -> Option<Self> {
        let mut trail = Self::EMPTY;
        trail.steps.get_mut(..steps.len())?.copy_from_slice(steps);
        trail.len = u8::try_from(steps.len()).ok()?;
        Some(trail)
    }

    /// The trail of an object in the directory that this is the trail of.
    #[must_use]
    pub fn then(mut self, id: u64) -> Self {
        if let Some(step) = self.steps.get_mut(usize::from(self.len)) {
            *step = Self::step(id);
            self.len += 1;
        }
        self
    }

    /// The byte that stands for an object.
    #[must_use]
    pub fn step(id: u64) -> u8 {
        // Neighbours in a directory often have neighbouring numbers: the low byte tells them apart best.
        id.to_le_bytes().iter().fold(0, |a, b| a ^ b)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.steps[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(depth: usize) -> Handle {
        Handle {
            export: 7,
            id: 300,
            generation: u64::MAX,
            trail: (0..depth).fold(Trail::EMPTY, |t, n| t.then(n as u64)),
        }
    }

    #[test]
    fn comes_back_as_it_went() {
        for depth in [0, 1, Trail::MAX, Trail::MAX + 5] {
            let bytes = handle(depth).to_opaque();
            assert!(bytes.len() <= 64);
            let back = Handle::parse(&bytes).unwrap();
            assert_eq!(back, handle(depth));
            assert_eq!(back.trail.as_slice(), handle(depth).trail.as_slice());
        }
    }

    #[test]
    fn malformed_ones_are_refused() {
        let good = handle(2).to_opaque();
        let mut other_format = good.to_vec();
        other_format[0] ^= 3;
        let longer = [&good[..], &[0]].concat();
        for bad in [
            &[][..],
            &good[..24],
            &good[..26],
            &longer,
            &[FORMAT; 64],
            &other_format,
        ] {
            assert_eq!(Handle::parse(bad).err(), Some(Status::Badhandle), "{bad:?}");
        }
    }
}
