//! Whole files, with as many requests in flight as the client's window allows.
//!
//! Reading keeps the order by holding back what comes too early. Writing sends unstable data and commits it at the
//! end; a server that has restarted meanwhile shows it by another write verifier, and then gets everything once more
//! (RFC 1813, §4.8).

use super::error::Wanted;
use super::{Client, Error, Object};
use crate::nfs3::*;
use bytes::Bytes;
use rpcgen_runtime::XdrString;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use tokio::task::JoinSet;

/// Times that a file is sent to a server that keeps restarting.
const ATTEMPTS: usize = 5;
/// Answers in a row that bring nothing, before the server is given up.
const EMPTY: usize = 3;

/// Is told how many bytes have been moved so far.
pub trait Progress {
    /// `done` bytes of `all`.
    fn moved(&mut self, done: u64, all: u64);
}

impl<F: FnMut(u64, u64)> Progress for F {
    fn moved(&mut self, done: u64, all: u64) {
        self(done, all);
    }
}

/// What a task of a transfer returns; a task that panicked is an error of ours.
fn ended<T>(task: Result<Result<T, Error>, tokio::task::JoinError>) -> Result<T, Error> {
    task.map_err(|error| Error::said("transfer", error.to_string()))?
}

impl Client {
    /// Reads a file and writes it to `out`; answers its length.
    ///
    /// # Errors
    /// The server refuses, or `out` fails.
    pub async fn read_all(
        &self,
        file: &Object,
        path: &(impl AsRef<[u8]> + ?Sized),
        out: &mut impl Write,
        progress: &mut impl Progress,
    ) -> Result<u64, Error> {
        let path = path.as_ref();
        let piece = u64::from(self.sizes.read);
        let size = file.attr.size;
        let mut flights = JoinSet::new();
        let mut early: BTreeMap<u64, (Bytes, bool)> = BTreeMap::new();
        let (mut next, mut done) = (0, 0);
        loop {
            // Beyond the size known one request asks whether the file has grown.
            while flights.len() + early.len() < self.window && (next < size || next == done) {
                let (client, file, path) = (self.clone(), file.handle.clone(), path.to_owned());
                let offset = next;
                flights.spawn(async move {
                    let read = client.read_piece(file, offset, piece as u32, &path).await?;
                    Ok::<_, Error>((offset, read))
                });
                next += piece;
            }
            let Some(task) = flights.join_next().await else {
                return Ok(done);
            };
            let (offset, read) = ended(task)?;
            early.insert(offset, read);
            while let Some((data, end)) = early.remove(&done) {
                out.write_all(&data)
                    .map_err(|error| Error::local("writing the output", error))?;
                done += data.len() as u64;
                progress.moved(done, size.max(done));
                if end {
                    // What is still in flight asks for what is not there.
                    return Ok(done);
                }
            }
        }
    }

    /// Reads one piece, with as many requests as the server needs; answers whether the file ends there.
    async fn read_piece(
        &self,
        file: NfsFh3,
        offset: u64,
        count: u32,
        path: &[u8],
    ) -> Result<(Bytes, bool), Error> {
        let mut pieces: Vec<Bytes> = Vec::new();
        let (mut have, mut empty) = (0, 0);
        let end = loop {
            let args = Read3Args {
                file: file.clone(),
                offset: offset + u64::from(have),
                count: count - have,
            };
            let read = match self.nfs.read(&args).await.wanted(|| self.full(path))? {
                Read3Res::Ok(read) => read,
                Read3Res::Other(status, _) => return Err(Error::status(self.full(path), status)),
            };
            let length = u32::try_from(read.data.len()).unwrap_or(u32::MAX);
            if length > args.count {
                return Err(Error::said(
                    self.full(path),
                    "the server sent more than was asked for",
                ));
            }
            empty = if length == 0 { empty + 1 } else { 0 };
            if empty >= EMPTY && !read.eof {
                return Err(Error::said(self.full(path), "the server sends no data"));
            }
            have += length;
            pieces.push(read.data);
            if read.eof || have == count {
                break read.eof;
            }
        };
        let data = match pieces.as_slice() {
            [one] => one.clone(),
            many => many.concat().into(),
        };
        Ok((data, end))
    }

    /// Makes a file, or empties it, for `put`.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn create(
        &self,
        dir: &Object,
        name: impl Into<XdrString>,
        mode: u32,
        path: &(impl AsRef<[u8]> + ?Sized),
    ) -> Result<Object, Error> {
        let (name, path) = (name.into(), path.as_ref());
        let args = Create3Args {
            r#where: Diropargs3 {
                dir: dir.handle.clone(),
                name: name.clone(),
            },
            how: Createhow3::Unchecked(Sattr3 {
                mode: SetMode3::True(mode),
                size: SetSize3::True(0),
                ..Sattr3::default()
            }),
        };
        let made = match self.nfs.create(&args).await.wanted(|| self.full(path))? {
            Create3Res::Ok(made) => made,
            Create3Res::Other(status, _) => return Err(Error::status(self.full(path), status)),
        };
        let handle = match made.obj {
            PostOpFh3::True(handle) => handle,
            // The server may leave it out.
            PostOpFh3::False => match self.look(&dir.handle, &name).await? {
                Some(object) => object.handle,
                None => return Err(Error::status(self.full(path), Nfsstat3::Noent.as_i32())),
            },
        };
        let attr = self.attr(&handle, path).await?;
        Ok(Object { handle, attr })
    }

    /// Empties a file, for `put`.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn empty(
        &self,
        file: &Object,
        path: &(impl AsRef<[u8]> + ?Sized),
    ) -> Result<(), Error> {
        let what = || self.full(path.as_ref());
        let args = Setattr3Args {
            object: file.handle.clone(),
            new_attributes: Sattr3 {
                size: SetSize3::True(0),
                ..Sattr3::default()
            },
            guard: Sattrguard3::False,
        };
        match self.nfs.setattr(&args).await.wanted(what)? {
            Setattr3Res::Ok(_) => Ok(()),
            Setattr3Res::Other(status, _) => Err(Error::status(what(), status)),
        }
    }

    /// Writes a file of this machine into one of the server's; answers its length, which is on the server's disk then.
    ///
    /// # Errors
    /// The server refuses, or the file can't be read.
    pub async fn write_all(
        &self,
        file: &Object,
        path: &(impl AsRef<[u8]> + ?Sized),
        from: File,
        progress: &mut impl Progress,
    ) -> Result<u64, Error> {
        let path = path.as_ref();
        let from = std::sync::Arc::new(from);
        let size = from
            .metadata()
            .map_err(|error| Error::local("the local file", error))?
            .len();
        for _ in 0..ATTEMPTS {
            let verifiers = self.send(file, path, &from, size, progress).await?;
            let args = Commit3Args {
                file: file.handle.clone(),
                offset: 0,
                count: 0,
            };
            let commit = match self.nfs.commit(&args).await.wanted(|| self.full(path))? {
                Commit3Res::Ok(commit) => commit,
                Commit3Res::Other(status, _) => return Err(Error::status(self.full(path), status)),
            };
            if verifiers.iter().all(|verifier| *verifier == commit.verf) {
                return Ok(size);
            }
        }
        Err(Error::said(
            self.full(path),
            "the server restarts again and again",
        ))
    }

    /// Sends everything; answers the verifiers of what the server has not yet on its disk.
    async fn send(
        &self,
        file: &Object,
        path: &[u8],
        from: &std::sync::Arc<File>,
        size: u64,
        progress: &mut impl Progress,
    ) -> Result<HashSet<Writeverf3>, Error> {
        let mut flights = JoinSet::new();
        let mut verifiers = HashSet::new();
        let (mut next, mut done) = (0, 0);
        loop {
            while flights.len() < self.window && next < size {
                let count = u64::from(self.sizes.write).min(size - next) as u32;
                let (client, handle, path) = (self.clone(), file.handle.clone(), path.to_owned());
                let (from, offset) = (std::sync::Arc::clone(from), next);
                flights.spawn(async move {
                    let data = tokio::task::spawn_blocking(move || {
                        let mut data = vec![0; count as usize];
                        from.read_exact_at(&mut data, offset).map(|()| data)
                    });
                    let data = data
                        .await
                        .map_err(std::io::Error::other)
                        .flatten()
                        .map_err(|error| Error::local("the local file", error))?;
                    client.write_piece(handle, offset, data.into(), &path).await
                });
                next += u64::from(count);
            }
            let Some(task) = flights.join_next().await else {
                return Ok(verifiers);
            };
            let (written, unstable) = ended(task)?;
            verifiers.extend(unstable);
            done += written;
            progress.moved(done, size);
        }
    }

    /// Writes one piece, with as many requests as the server needs.
    async fn write_piece(
        &self,
        file: NfsFh3,
        mut offset: u64,
        mut data: Bytes,
        path: &[u8],
    ) -> Result<(u64, HashSet<Writeverf3>), Error> {
        let all = data.len() as u64;
        let (mut verifiers, mut empty) = (HashSet::new(), 0);
        while !data.is_empty() {
            let args = Write3Args {
                file: file.clone(),
                offset,
                count: u32::try_from(data.len()).unwrap_or(u32::MAX),
                stable: StableHow::Unstable,
                data: data.clone(),
            };
            let wrote = match self.nfs.write(&args).await.wanted(|| self.full(path))? {
                Write3Res::Ok(wrote) => wrote,
                Write3Res::Other(status, _) => return Err(Error::status(self.full(path), status)),
            };
            if wrote.count > args.count {
                return Err(Error::said(
                    self.full(path),
                    "the server wrote more than it got",
                ));
            }
            empty = if wrote.count == 0 { empty + 1 } else { 0 };
            if empty >= EMPTY {
                return Err(Error::said(self.full(path), "the server takes no data"));
            }
            if wrote.committed == StableHow::Unstable {
                verifiers.insert(wrote.verf);
            }
            data = data.split_off(wrote.count as usize);
            offset += u64::from(wrote.count);
        }
        Ok((all, verifiers))
    }
}
