//! What a user may choose: one table makes the field, the builder method, the command-line flag and the documentation.
//!
//! An entry of `options!` below is all there is to an option. `options::value` knows the few kinds of values, and the
//! test at the end proves that every option survives the way through its command-line spelling.
//!
//! Patterns select items by the names of the `.x` file: `nfsstat3` is a type (and everything in it), `READ3resok.data`
//! a member of it, `NFSPROC3_READ.arg` an argument; `*` stands for any text within one part, so `*` is every item and
//! `*.data` every member called `data`.

mod value;

pub use value::{Formats, Naming, PatternMap, Patterns, Symbols};

use value::Setting;

macro_rules! options {
    ($(
        $topic:literal:
        $(
            $(#[doc = $doc:literal])+
            $field:ident: $kind:ident = $default:expr, $method:ident($($arg:ident: $arg_ty:ty),+) => $set:expr,
                flag $flag:literal $(/ $short:literal)? $value:literal;
        )+
    )+) => {
        /// How to compile: `Options::default()` and then one method for each wish.
        ///
        /// ```
        /// let options = rpcgen_rs::configure()
        ///     .include_dir("idl")
        ///     .vec_bytes("READ3resok.data")
        ///     .open_enum("nfsstat3");
        /// assert!(options.open_enum.selects("nfsstat3", None));
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Options {
            $($( $(#[doc = $doc])+ pub $field: options!(@type $kind), )+)+
        }

        impl Default for Options {
            fn default() -> Self {
                Self { $($( $field: $default, )+)+ }
            }
        }

        impl Options {
            $($(
                $(#[doc = $doc])+
                #[must_use]
                pub fn $method(mut self, $($arg: $arg_ty),+) -> Self {
                    let set: fn(&mut options!(@type $kind), $($arg_ty),+) = $set;
                    set(&mut self.$field, $($arg),+);
                    self
                }
            )+)+
        }

        /// Every option, in the order of the help text.
        pub const TABLE: &[Entry] = &[
            $($( Entry {
                topic: $topic,
                flag: $flag,
                off: concat!("no-", $flag),
                short: options!(@short $($short)?),
                value: $value,
                help: &[$($doc),+],
                set: |options, text| Setting::set(&mut options.$field, text),
                spell: |options| Setting::spell(&options.$field, &Options::default().$field),
            }, )+)+
        ];
    };
    (@type flag) => { bool };
    (@type text) => { String };
    (@type list) => { Vec<String> };
    (@type symbols) => { Symbols };
    (@type patterns) => { Patterns };
    (@type map) => { PatternMap };
    (@type naming) => { Naming };
    (@type formats) => { Formats };
    (@type number) => { u32 };
    (@short) => { None };
    (@short $short:literal) => { Some($short) };
}

options! {
    "Input":
        /// Define a preprocessor symbol; without a value it is 1.
        define: symbols = Symbols::default(), define(name: &str, value: &str) => |field, name, value| field.push(name, value),
            flag "define" / 'D' "NAME[=VALUE]";
        /// Undefine a preprocessor symbol, for example the predefined RPC_HDR.
        undefine: list = Vec::new(), undefine(name: &str) => |field, name| field.push(name.to_owned()),
            flag "undefine" / 'U' "NAME";
        /// Look for included files in this folder, too (after the folder of the including file).
        include: list = Vec::new(), include_dir(dir: &str) => |field, dir| field.push(dir.to_owned()),
            flag "include" "DIR";
        /// The type NAME lives elsewhere, at this path of Rust; it implements the runtime's Encode and Decode, and for the
        /// feature `serde` says `rpcgen_runtime::json_by_serde!(TYPE);`.
        extern_type: map = PatternMap::default(), extern_type(name: &str, path: &str) => |field, name, path| field.push(name, path),
            flag "extern-type" "NAME=PATH";
        /// Refuse input of more than this many bytes, all files of a run together; default: 16777216.
        max_input: number = 16 << 20, max_input(bytes: u32) => |field, bytes| *field = bytes,
            flag "max-input" "BYTES";
        /// Refuse input of more than this many definitions, members, labels, procedures and arguments, of all files of a run together; default: 262144.
        max_items: number = 1 << 18, max_items(count: u32) => |field, count| *field = count,
            flag "max-items" "COUNT";
        /// Refuse a definition of more than this many members, labels, procedures or arguments; default: 32768.
        max_members: number = 1 << 15, max_members(count: u32) => |field, count| *field = count,
            flag "max-members" "COUNT";
        /// Warn about everything that C rpcgen would refuse.
        strict_rpcgen: flag = false, strict_rpcgen(yes: bool) => |field, yes| *field = yes,
            flag "strict-rpcgen" "";
        /// Warn about everything that RFC 4506 and RFC 5531 do not know.
        strict_rfc: flag = false, strict_rfc(yes: bool) => |field, yes| *field = yes,
            flag "strict-rfc" "";
        /// Hints, such as the strip-prefix line that pins names against later additions to the file.
        notes: flag = true, notes(yes: bool) => |field, yes| *field = yes,
            flag "notes" "";

    "Names":
        /// Spelling of generated names: `rust` (CamelCase, snake_case, shared prefixes stripped) or `c` (as in the file).
        naming: naming = Naming::Rust, naming(naming: Naming) => |field, naming| *field = naming,
            flag "naming" "rust|c";
        /// Give the selected item exactly this Rust name; an argument called `cx`, `r`, `w` or `x` gets a `_` behind, since generated code means something else by it.
        rename: map = PatternMap::default(), rename(pattern: &str, name: &str) => |field, pattern, name| field.push(pattern, name),
            flag "rename" "PATTERN=NAME";
        /// Strip exactly this prefix from the members of the selected enum or the procedures of the selected program.
        strip_prefix: map = PatternMap::default(), strip_prefix(pattern: &str, prefix: &str) => |field, pattern, prefix| field.push(pattern, prefix),
            flag "strip-prefix" "PATTERN=PREFIX";

    "Types":
        /// Put a derive on the selected types, for example `pair*=PartialOrd`; one that the type has anyway changes nothing; serde's traits come with the runtime's feature `serde`.
        derive: map = PatternMap::default(), derive(pattern: &str, path: &str) => |field, pattern, path| field.push(pattern, path),
            flag "derive" "PATTERN=PATH";
        /// Keep values that the selected enum does not declare: `struct E(i32)` with constants instead of an enum.
        open_enum: patterns = Patterns::default(), open_enum(pattern: &str) => |field, pattern| field.push(pattern),
            flag "open-enum" "PATTERN";
        /// Use String, strictly UTF-8, instead of XdrString for the selected types, members and arguments.
        std_string: patterns = Patterns::default(), std_string(pattern: &str) => |field, pattern| field.push(pattern),
            flag "std-string" "PATTERN";
        /// Use `Vec<u8>` instead of Bytes for the selected opaque data.
        vec_bytes: patterns = Patterns::default(), vec_bytes(pattern: &str) => |field, pattern| field.push(pattern),
            flag "vec-bytes" "PATTERN";
        /// Make the selected typedefs types of their own instead of aliases.
        newtype: patterns = Patterns::default(), newtype(pattern: &str) => |field, pattern| field.push(pattern),
            flag "newtype" "PATTERN";

    "Procedures":
        /// Mark the selected procedures as safe to run twice, so that a client may send them again by itself.
        idempotent: patterns = Patterns::default(), idempotent(pattern: &str) => |field, pattern| field.push(pattern),
            flag "idempotent" "PATTERN";

    "Parts":
        /// Types, constants and their codecs.
        types: flag = true, types(yes: bool) => |field, yes| *field = yes,
            flag "types" "";
        /// Clients, async and blocking.
        client: flag = true, client(yes: bool) => |field, yes| *field = yes,
            flag "client" "";
        /// Server traits and their dispatch.
        server: flag = true, server(yes: bool) => |field, yes| *field = yes,
            flag "server" "";
        /// Server traits whose procedures block, beside the async ones: they run in a pool of threads.
        blocking_server: flag = false, blocking_server(yes: bool) => |field, yes| *field = yes,
            flag "blocking-server" "";

    "Output":
        /// What to make: `rust`, `json` (the resolved interface for other tools), or both with a comma between.
        emit: formats = Formats::RUST, emit(formats: Formats) => |field, formats| *field = formats,
            flag "emit" "rust,json";
        /// Folder of the output; default: beside the input, or OUT_DIR in a build script.
        out_dir: text = String::new(), out_dir(dir: &str) => |field, dir| *field = dir.to_owned(),
            flag "out-dir" "DIR";
        /// Path under which generated code finds the runtime.
        runtime_path: text = String::from("::rpcgen_runtime"), runtime_path(path: &str) => |field, path| *field = path.to_owned(),
            flag "runtime-path" "PATH";
        /// Prefer small code over fast code.
        small: flag = false, small(yes: bool) => |field, yes| *field = yes,
            flag "small" "";
        /// Show the definition of the `.x` file in the documentation of every item.
        show_source: flag = false, show_source(yes: bool) => |field, yes| *field = yes,
            flag "show-source" "";
}

/// One option, as the command line sees it.
#[derive(Debug)]
pub struct Entry {
    /// Heading of the help text.
    pub topic: &'static str,
    /// Long flag without dashes.
    pub flag: &'static str,
    /// Long flag of a switch that is on by default: it turns it off.
    pub off: &'static str,
    /// Short flag.
    pub short: Option<char>,
    /// Name of the value in the help text, empty for a switch.
    pub value: &'static str,
    /// The documentation, line by line.
    pub help: &'static [&'static str],
    set: fn(&mut Options, &str) -> Result<(), String>,
    spell: fn(&Options) -> Vec<String>,
}

impl Entry {
    /// Sets the option from its text on the command line (`"true"` or `"false"` for a switch).
    ///
    /// # Errors
    /// When the text is no value of this option; the message says why.
    pub fn set(&self, options: &mut Options, text: &str) -> Result<(), String> {
        (self.set)(options, text)
    }

    /// The switch is on unless it is turned off.
    #[must_use]
    pub fn on_by_default(&self) -> bool {
        self.value.is_empty() && (self.set_on_a_default("true") == Options::default())
    }

    /// The documentation as one paragraph.
    #[must_use]
    pub fn summary(&self) -> String {
        self.help
            .iter()
            .map(|line| line.trim())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn set_on_a_default(&self, text: &str) -> Options {
        let mut options = Options::default();
        let _ = self.set(&mut options, text);
        options
    }
}

/// Options that leave generated code as it is.
const NOT_IN_OUTPUT: [&str; 6] = [
    "include",
    "out-dir",
    "emit",
    "notes",
    "strict-rpcgen",
    "strict-rfc",
];

impl Options {
    /// The command-line arguments that make these options out of the default ones.
    ///
    /// Generated files show them in their first lines, so that they can be made again. Options that say where files
    /// are (`--include`, `--out-dir`) or which are wanted (`--emit`) are not part of it: output must not depend on the
    /// machine. Nor are those that change messages only (`--no-notes`, `--strict-rpcgen`, `--strict-rfc`).
    #[must_use]
    pub fn to_args(&self) -> Vec<String> {
        TABLE
            .iter()
            .filter(|entry| !NOT_IN_OUTPUT.contains(&entry.flag))
            .flat_map(|entry| entry.to_args(self))
            .collect()
    }
}

impl Entry {
    fn to_args(&self, options: &Options) -> Vec<String> {
        let values = (self.spell)(options);
        let flag = |text: String| match (self.value, text.as_str()) {
            ("", "true") => format!("--{}", self.flag),
            ("", _) => format!("--{}", self.off),
            _ => format!("--{}={text}", self.flag),
        };
        values.into_iter().map(flag).collect()
    }
}

#[cfg(test)]
mod tests;
