//! Interfaces → programs in C that make values of numbers and encode them with the filters that the system's rpcgen
//! made, over a pipe.
//!
//! Where rpcgen and gcc take the interface file, it is that file; where not (inline types, names that C reserves or
//! libtirpc has taken, …), it is the resolved interface printed plainly, with names of our own. Programs are kept in the
//! build's folder under the hash of what they were made of.

mod driver;
mod plain;

use crate::interfaces::Interface;
use rpcgen_rs::ir::{Spec, TypeId, TypeKind};
use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What gcc is told. rpcgen forgets that its bool is `bool_t` where it inlines arrays of them.
const FLAGS: &[&str] = &[
    "-w",
    "-g0",
    "-Dbool=bool_t",
    "-std=gnu17",
    "-I.",
    "-I/usr/include/tirpc",
];

/// A program in C for the types of an interface.
#[derive(Debug)]
pub struct Side {
    program: PathBuf,
    /// Made of the interface file itself, not of the resolved interface.
    pub original: bool,
    /// Types that C cannot have (a struct inside itself by value), and those that hold them.
    pub without: BTreeSet<u32>,
}

/// What a C compiler is given.
struct Sources {
    name: String,
    files: Vec<(String, String)>,
    driver: String,
}

/// Builds the program of an interface, or takes the one that is there.
///
/// # Panics
/// The plain form does not build.
#[must_use]
pub fn build(interface: &Interface, folder: &Path) -> Side {
    let original = Sources {
        name: interface.name.trim_end_matches(".x").to_owned(),
        files: interface.files.clone(),
        driver: driver::print(&interface.spec, &driver::Original, &BTreeSet::new()),
    };
    let folder = folder.join(&interface.module);
    if !has_macros_in_the_way(&interface.spec)
        && let Ok(program) = original.build(&folder.join("original"))
    {
        return Side {
            program,
            original: true,
            without: BTreeSet::new(),
        };
    }
    let (text, without) = plain::print(&interface.spec);
    let plain = Sources {
        name: "plain".to_owned(),
        files: vec![("plain.x".to_owned(), text)],
        driver: driver::print(&interface.spec, &plain::Plain, &without),
    };
    let program = plain.build(&folder.join("plain"));
    Side {
        program: program.unwrap_or_else(|said| panic!("{}: {said}", interface.path.display())),
        original: false,
        without,
    }
}

impl Sources {
    /// The program, or what was said against it. Both are remembered.
    fn build(&self, folder: &Path) -> Result<PathBuf, String> {
        let mut hasher = DefaultHasher::new();
        (FLAGS, &self.name, &self.files, &self.driver).hash(&mut hasher);
        let mark = format!("{:016x}", hasher.finish());
        let (program, marked, said) = (
            folder.join("driver"),
            folder.join("hash"),
            folder.join("said"),
        );
        if fs::read_to_string(&marked).is_ok_and(|old| old == mark) {
            return fs::read_to_string(said).map_or(Ok(program), Err);
        }
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder.join("sub")).expect("the build's folder is writable");
        for (name, text) in &self.files {
            fs::write(folder.join(name), text).expect("the build's folder is writable");
        }
        fs::write(folder.join("driver.c"), &self.driver).expect("the build's folder is writable");
        let made = self.make(folder);
        if let Err(error) = &made {
            fs::write(said, error).expect("the build's folder is writable");
        }
        fs::write(marked, mark).expect("the build's folder is writable");
        made.map(|()| program)
    }

    fn make(&self, folder: &Path) -> Result<(), String> {
        let (x, name) = (format!("{}.x", self.name), &self.name);
        // It loops for ever on some files.
        for (flag, output) in [("-h", format!("{name}.h")), ("-c", format!("{name}_xdr.c"))] {
            let text = run(folder, "timeout", &["10", "rpcgen", "-C", "-N", flag, &x])?;
            fs::write(folder.join(output), text).expect("the build's folder is writable");
        }
        let (header, filters) = (format!("{name}.h"), format!("{name}_xdr.c"));
        let rest = [
            "-include", &header, "-o", "driver", "driver.c", &filters, "-ltirpc",
        ];
        run(folder, "cc", &[FLAGS, &rest].concat()).map(drop)
    }
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("rpcgen, libtirpc and a C compiler are there (tests/run installs them)");
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}: {said}", output.status))
}

impl Side {
    /// Sends values down the pipe; their encodings in the same order, `None` where the filter refuses.
    ///
    /// # Panics
    /// The program ends early.
    #[must_use]
    pub fn encode(&self, values: &[(TypeId, Vec<u64>)]) -> Vec<Option<Vec<u8>>> {
        let mut child = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program is there");
        let mut input = BufWriter::with_capacity(1 << 16, child.stdin.take().expect("piped"));
        let mut output = BufReader::with_capacity(1 << 16, child.stdout.take().expect("piped"));
        let mut next = || {
            let mut length = [0; 8];
            let read = output.read_exact(&mut length);
            read.unwrap_or_else(|e| panic!("{}: {e}", self.program.display()));
            let length = u64::from_ne_bytes(length);
            (length != u64::MAX).then(|| {
                let mut bytes = vec![0; usize::try_from(length).expect("a length")];
                let read = output.read_exact(&mut bytes);
                read.unwrap_or_else(|e| panic!("{}: {e}", self.program.display()));
                bytes
            })
        };
        let encodings = std::thread::scope(|scope| {
            scope.spawn(move || {
                for (id, numbers) in values {
                    for number in [id.0.into(), numbers.len() as u64].iter().chain(numbers) {
                        input
                            .write_all(&number.to_ne_bytes())
                            .expect("the pipe is open");
                    }
                }
                input.flush().expect("the pipe is open");
            });
            values.iter().map(|_| next()).collect()
        });
        assert!(child.wait().expect("it ends").success());
        encodings
    }
}

/// Whether C's macros for programs, versions and procedures replace members of enums.
fn has_macros_in_the_way(spec: &Spec) -> bool {
    let mut macros = BTreeSet::new();
    for program in &spec.programs {
        macros.insert(&program.name.x);
        for version in &program.versions {
            macros.insert(&version.name.x);
            macros.extend(version.procedures.iter().map(|p| &p.name.x));
        }
    }
    spec.types.iter().any(|def| match &def.kind {
        TypeKind::Enum(members) => members.iter().any(|member| macros.contains(&member.name.x)),
        _ => false,
    })
}
