//! Messages that have been sent, kept by their thread for the next ones.
//!
//! Fresh memory is the dearest part of a message: zeroing it, and beyond 128 KiB a page fault for every 4 KiB. All
//! buffers here are initialised over their whole length and never zeroed again; a writer overwrites what it uses.
//! Without `std` there are no threads to keep anything, and each message is fresh.

use super::Message;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

/// Length of a first buffer: most calls and replies fit.
pub(super) const SMALL: usize = 1 << 10;

/// An empty message with an initialised buffer of [`SMALL`] bytes at least.
#[inline]
pub(crate) fn take() -> Box<Message> {
    kept::take().unwrap_or_else(fresh)
}

#[cold]
fn fresh() -> Box<Message> {
    Box::new(Message {
        buf: vec![0; SMALL],
        ..Message::default()
    })
}

/// Exchanges a full buffer for an initialised one of `len` bytes at least, with the same `used` bytes in front.
#[cold]
#[inline(never)]
pub(crate) fn enlarge(buf: &mut Vec<u8>, used: usize, len: usize) {
    let copy = |to: &mut Vec<u8>, from: &Vec<u8>| {
        if let (Some(to), Some(from)) = (to.get_mut(..used), from.get(..used)) {
            to.copy_from_slice(from);
        }
    };
    if !kept::exchange(buf, len, copy) {
        let mut larger = vec![0; len.max(buf.len().saturating_mul(2))];
        copy(&mut larger, buf);
        *buf = larger;
    }
}

/// Keeps a message for a later one of this thread, or frees it.
#[inline]
pub(super) fn give(message: Box<Message>) {
    kept::give(message);
}

#[cfg(feature = "std")]
mod kept {
    use super::{Box, Message, SMALL, Vec};
    use core::cell::RefCell;

    /// Bytes of buffers that a thread keeps: the largest call that a server accepts by default, twice.
    pub(super) const BYTES: usize = 2 * ((1 << 20) + (64 << 10));
    /// Messages that a thread keeps: twice as many as a connection's calls that are usually in flight.
    pub(super) const MESSAGES: usize = 128;

    pub(super) struct Pool {
        #[expect(clippy::vec_box, reason = "what goes in and out is the box")]
        pub(super) messages: Vec<Box<Message>>,
        pub(super) bytes: usize,
    }

    std::thread_local! {
        static POOL: RefCell<Pool> = const {
            RefCell::new(Pool { messages: Vec::new(), bytes: 0 })
        };
    }

    /// Runs `work` on the thread's pool, unless the thread is ending.
    #[inline]
    pub(super) fn with<R>(work: impl FnOnce(&mut Pool) -> Option<R>) -> Option<R> {
        POOL.try_with(|pool| work(&mut *pool.try_borrow_mut().ok()?))
            .ok()
            .flatten()
    }

    #[inline]
    pub(super) fn take() -> Option<Box<Message>> {
        with(|pool| {
            let message = pool.messages.pop()?;
            pool.bytes = pool.bytes.wrapping_sub(message.buf.len());
            Some(message)
        })
    }

    pub(super) fn exchange(
        buf: &mut Vec<u8>,
        len: usize,
        copy: impl Fn(&mut Vec<u8>, &Vec<u8>),
    ) -> bool {
        let done = with(|pool| {
            let mut kept = pool.messages.iter_mut().rev();
            let larger = kept.find(|message| message.buf.len() >= len)?;
            copy(&mut larger.buf, buf);
            core::mem::swap(&mut larger.buf, buf);
            pool.bytes = pool.bytes.wrapping_sub(buf.len());
            pool.bytes = pool.bytes.wrapping_add(larger.buf.len());
            Some(())
        });
        done.is_some()
    }

    #[inline]
    pub(super) fn give(mut message: Box<Message>) {
        let len = message.buf.len();
        // The capacity is what is kept; a buffer that was handed in may have more than its length.
        if len < SMALL || message.buf.capacity() > BYTES / 2 {
            return;
        }
        message.reset();
        with(|pool| {
            let bytes = pool.bytes.wrapping_add(len);
            if bytes <= BYTES && pool.messages.len() < MESSAGES {
                pool.bytes = bytes;
                pool.messages.push(message);
            }
            Some(())
        });
    }
}

#[cfg(not(feature = "std"))]
mod kept {
    use super::{Box, Message, Vec};

    pub(super) const fn take() -> Option<Box<Message>> {
        None
    }

    pub(super) fn exchange(_: &mut Vec<u8>, _: usize, _: impl Fn(&mut Vec<u8>, &Vec<u8>)) -> bool {
        false
    }

    pub(super) fn give(_: Box<Message>) {}
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    fn message(len: usize) -> Box<Message> {
        Box::new(Message {
            buf: vec![0; len],
            ..Message::default()
        })
    }

    #[test]
    fn a_buffer_comes_back() {
        let first = take();
        let place = first.buf.as_ptr();
        give(first);
        let second = take();
        assert_eq!(second.buf.as_ptr(), place);
    }

    #[test]
    fn a_full_buffer_is_exchanged_for_a_larger_one() {
        give(message(SMALL));
        give(message(8000));
        give(message(SMALL));
        let mut buf = vec![7; 2000];
        enlarge(&mut buf, 1500, 8000);
        assert_eq!(buf.len(), 8000);
        assert_eq!((buf[1499], buf[1500]), (7, 0));
        let held = kept::with(|pool| Some((pool.messages.len(), pool.bytes)));
        assert_eq!(held, Some((3, 2 * SMALL + 2000)));
        enlarge(&mut buf, 8000, 8001);
        assert_eq!(
            (buf.len(), buf[1499]),
            (16000, 7),
            "doubled where none fits"
        );
    }

    #[test]
    fn a_thread_keeps_little() {
        for _ in 0..100 {
            give(message(SMALL - 1));
            give(message(kept::BYTES / 2));
            give(message(kept::BYTES));
        }
        for _ in 0..2 * kept::MESSAGES {
            give(message(SMALL));
        }
        let held = kept::with(|pool| Some((pool.messages.len(), pool.bytes)));
        assert_eq!(held, Some((2, kept::BYTES)));
        while kept::take().is_some() {}
        for _ in 0..2 * kept::MESSAGES {
            give(message(SMALL));
        }
        let held = kept::with(|pool| Some((pool.messages.len(), pool.bytes)));
        assert_eq!(held, Some((kept::MESSAGES, kept::MESSAGES * SMALL)));
    }
}
