//! Reading inputs, and writing, comparing or just checking outputs.

use std::io::{Read as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::flags::RpcgenFlags;
use super::table::TableOptions;
use super::{Status, complain, remark, report};
use crate::compile::{Output, compile_together, is_unread};
use crate::diag::Format;
use crate::emit::OutFile;
use crate::files::{self, FileLoader};
use crate::options::{Formats, Options};

/// Path under which standard input is read.
pub(super) const STDIN: &str = "<stdin>";
/// The same, if it is to be read as JSON.
const JSON_STDIN: &str = "<stdin>.json";

/// The default command
#[derive(Debug, Default, PartialEq, clap::Args)]
pub(super) struct Generate {
    /// Interface files; `-` is standard input
    #[arg(value_name = "FILE.x")]
    inputs: Vec<String>,

    #[command(flatten)]
    flags: RpcgenFlags,

    /// Write to this file, `-` is standard output; several inputs become one output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<String>,

    /// Overwrite files that were not generated
    #[arg(long, help_heading = "Output")]
    force: bool,

    /// Write nothing; exit with status 1 if the output on disk is stale
    #[arg(long, help_heading = "Output")]
    check: bool,

    /// Standard input is JSON that `--emit json` made, as files called .json always are
    #[arg(long)]
    from_json: bool,

    #[command(flatten)]
    table: TableOptions,
}

/// `rpcgen-rs check`
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Interface files; `-` is standard input
    #[arg(value_name = "FILE.x", required = true)]
    inputs: Vec<String>,

    #[command(flatten)]
    table: TableOptions,
}

impl Check {
    pub(super) fn run(self, format: Format) -> Status {
        let options = self.table.0.emit(Formats::NONE);
        let mut inputs = Inputs::new(&self.inputs, false, &options);
        (0..inputs.paths.len())
            .map(|at| compiled(inputs.compile(&options, at..at + 1), format).1)
            .max()
            .unwrap_or(Status::Done)
    }
}

impl Generate {
    pub(super) fn run(self, format: Format) -> Status {
        if let Some(message) = self.flags.unavailable() {
            complain(message, format);
            return Status::Usage;
        }
        for message in self.flags.without_effect() {
            remark(message, format);
        }
        let options = self.flags.select(self.table.0.clone());
        let mut inputs = match self.inputs.as_slice() {
            [] if self.flags.selects_a_part() || self.output.is_some() => {
                Inputs::new(&[String::from("-")], self.from_json, &options)
            }
            [] => {
                complain("which file? `rpcgen-rs --help` shows examples", format);
                return Status::Usage;
            }
            given => Inputs::new(given, self.from_json, &options),
        };
        let made = match inputs.outputs(&options, self.output.is_some(), format) {
            Ok(made) => made,
            Err(status) => return status,
        };
        let (targets, status) = self.targets(made, &options, format);
        if status != Status::Done {
            return status;
        }
        if self.check {
            return targets
                .iter()
                .map(|(target, text)| compare(target, text, format))
                .max()
                .unwrap_or(Status::Done);
        }
        self.write(&targets, format)
    }

    /// Where each output goes.
    fn targets(
        &self,
        made: Vec<OutFile>,
        options: &Options,
        format: Format,
    ) -> (Vec<(Target, String)>, Status) {
        let mut targets: Vec<(Target, String)> = Vec::new();
        for file in made {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            let target = match self.output.as_deref() {
                Some("-") => Target::Stdout,
                Some(path) if targets.is_empty() => Target::File(path.into()),
                // A second format gets the same name with its own extension.
                Some(path) => Target::File(
                    Path::new(path).with_extension(Path::new(name).extension().unwrap_or_default()),
                ),
                None if self.flags.selects_a_part() && options.out_dir.is_empty() => Target::Stdout,
                // Standard input has no place to write beside.
                None if self.inputs.iter().any(|input| input == "-") => Target::Stdout,
                None if options.out_dir.is_empty() => Target::File(file.path.clone().into()),
                None => Target::File(Path::new(&options.out_dir).join(name)),
            };
            if let (Target::File(path), true) =
                (&target, targets.iter().any(|(other, _)| *other == target))
            {
                complain(
                    format!("two outputs would both be {}", path.display()),
                    format,
                );
                return (Vec::new(), Status::Usage);
            }
            targets.push((target, file.text));
        }
        (targets, Status::Done)
    }

    /// Writes all outputs, or none if one of them must not be touched.
    fn write(&self, targets: &[(Target, String)], format: Format) -> Status {
        for (target, _) in targets {
            let Target::File(path) = target else { continue };
            match files::is_ours(path) {
                Ok(true) => {}
                Ok(false) if self.force => {}
                Ok(false) => {
                    complain(
                        format!(
                            "{} was not generated by rpcgen-rs; --force overwrites it",
                            path.display()
                        ),
                        format,
                    );
                    return Status::Files;
                }
                Err(error) => {
                    complain(format!("cannot read {}: {error}", path.display()), format);
                    return Status::Files;
                }
            }
        }
        for (target, text) in targets {
            let (name, written) = match target {
                Target::Stdout => (
                    String::from("standard output"),
                    std::io::stdout().write_all(text.as_bytes()),
                ),
                Target::File(path) => (
                    path.display().to_string(),
                    files::replace(path, text.as_bytes()),
                ),
            };
            if let Err(error) = written {
                complain(format!("cannot write {name}: {error}"), format);
                return Status::Files;
            }
        }
        Status::Done
    }
}

/// Where an output goes.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Stdout,
    File(PathBuf),
}

/// The inputs of a run; standard input is read once.
struct Inputs {
    paths: Vec<String>,
    loader: FileLoader,
    /// Why standard input could not be read.
    unread: Option<String>,
}

impl Inputs {
    fn new(given: &[String], json: bool, options: &Options) -> Self {
        let name = if json { JSON_STDIN } else { STDIN };
        let path = |path: &String| match path.as_str() {
            "-" => name.to_owned(),
            _ => path.clone(),
        };
        let paths: Vec<String> = given.iter().map(path).collect();
        let folders = options.include.iter().map(String::as_str);
        let mut loader = FileLoader::new(paths.iter().map(String::as_str), folders);
        let mut unread = None;
        if given.iter().any(|path| path == "-") {
            match read_stdin(u64::from(options.max_input)) {
                Ok(text) => loader.give(name, text),
                Err(error) => unread = Some(error),
            }
        }
        Self {
            paths,
            loader,
            unread,
        }
    }

    /// Compiles some of the inputs into one output; the others may supply what they lack.
    fn compile(&mut self, options: &Options, run: Range<usize>) -> Output {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        let run = &paths[run];
        let others = paths.iter().copied().filter(|path| !run.contains(path));
        let others: Vec<&str> = others.collect();
        compile_together(options, &mut self.loader, run, &others)
    }

    /// All outputs, or how the run ends. Every input is looked at before it ends.
    fn outputs(
        &mut self,
        options: &Options,
        together: bool,
        format: Format,
    ) -> Result<Vec<OutFile>, Status> {
        if let Some(error) = &self.unread {
            complain(format!("cannot read standard input: {error}"), format);
            return Err(Status::Files);
        }
        let count = self.paths.len();
        let step = if together { count } else { 1 };
        let mut made = Vec::new();
        let mut status = Status::Done;
        for at in (0..count).step_by(step) {
            let (files, end) = compiled(self.compile(options, at..at + step), format);
            made.extend(files);
            status = status.max(end);
        }
        if status == Status::Done {
            Ok(made)
        } else {
            Err(status)
        }
    }
}

/// Standard input, up to a limit in bytes and a byte more, which shows that it is too large.
pub(super) fn read_stdin(limit: u64) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    std::io::stdin()
        .take(limit + 1)
        .read_to_end(&mut text)
        .map(|_| text)
        .map_err(|error| error.to_string())
}

/// Shows the messages of a run, and how it ended.
fn compiled(output: Output, format: Format) -> (Vec<OutFile>, Status) {
    report(&output.diagnostics, &output.sources, format);
    let diags = &output.diagnostics;
    let status = match (diags.has_errors(), is_unread(diags)) {
        (false, _) => Status::Done,
        (true, false) => Status::Wrong,
        (true, true) => Status::Files,
    };
    (output.files, status)
}

/// Is the output on disk what we would write?
fn compare(target: &Target, text: &str, format: Format) -> Status {
    let Target::File(path) = target else {
        complain(
            "--check compares with a file, and this output goes to standard output: say which, `-o FILE`",
            format,
        );
        return Status::Usage;
    };
    match files::old_text(path) {
        Ok(Some(old)) if old == text.as_bytes() => Status::Done,
        Ok(Some(old)) => {
            let old = String::from_utf8_lossy(&old);
            complain(
                format!(
                    "{} is stale: {}",
                    path.display(),
                    first_difference(&old, text)
                ),
                format,
            );
            Status::Wrong
        }
        Ok(None) => {
            complain(format!("{} is missing", path.display()), format);
            Status::Wrong
        }
        Err(error) => {
            complain(format!("cannot read {}: {error}", path.display()), format);
            Status::Files
        }
    }
}

fn first_difference(old: &str, new: &str) -> String {
    let row = old
        .lines()
        .zip(new.lines())
        .take_while(|(old, new)| old == new)
        .count();
    let line = |text: &str| -> String {
        let line = text.lines().nth(row).unwrap_or("(end of file)");
        line.chars().take(200).collect()
    };
    format!(
        "line {} differs\n  - {}\n  + {}",
        row + 1,
        line(old),
        line(new)
    )
}
