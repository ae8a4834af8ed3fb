//! The command line: flags → options, files in, files out, exit status.
//!
//! Short flags mean what they mean to C's rpcgen (so `-h` makes a header's worth of Rust, and help is `--help`). The
//! exit status is 0 when all is well, 1 for errors in the input or output that is stale, 2 for wrong usage, 3 for files
//! that cannot be read or written.

mod flags;
mod fmt;
mod generate;
mod table;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::check;
use crate::diag::{Diagnostics, Format, clean};
use crate::source::SourceMap;
use generate::Generate;

/// Compile ONC RPC interface files (.x) to Rust
#[derive(Debug, Parser)]
#[command(
    name = "rpcgen-rs",
    version,
    disable_help_flag = true,
    subcommand_precedence_over_arg = true,
    arg_required_else_help = true,
    after_help = EXAMPLES,
    override_usage = "rpcgen-rs [OPTIONS] FILE.x…\n       rpcgen-rs check|fmt|explain …"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    generate: Generate,

    /// Print this help (`-h` is rpcgen's: types only)
    #[arg(long, action = clap::ArgAction::Help, global = true)]
    help: Option<bool>,

    /// Form of messages
    #[arg(long, value_name = "FORM", default_value = "text", global = true)]
    message_format: MessageFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Only report what is wrong with the files
    Check(Box<generate::Check>),
    /// Rewrite .x files in the usual form; comments and meaning stay
    Fmt(fmt::Fmt),
    /// Tell more about a code such as E0203
    Explain {
        /// The code in the brackets of a message
        code: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MessageFormat {
    /// The message, the source line and what to do
    Text,
    /// One line for each message
    Short,
    /// One JSON object for each message; wrong usage stays text
    Json,
}

const EXAMPLES: &str = "\
Examples:
  rpcgen-rs calc.x                       write calc.rs beside calc.x
  rpcgen-rs -o - calc.x                  write to standard output
  rpcgen-rs --out-dir src nfs.x mount.x  several files; they may refer to each other
  rpcgen-rs -c -o types.rs calc.x        types and codecs only (-l: clients, -m: servers)
  rpcgen-rs --check calc.x               is calc.rs up to date? exit status 1 if not
  rpcgen-rs check calc.x                 report mistakes, write nothing
  rpcgen-rs fmt calc.x                   format the file in place
  rpcgen-rs -DMAXNAME=255 calc.x         define what a C header defines
  rpcgen-rs --open-enum 'nfsstat*' --derive 'nfstime3=PartialOrd' nfs.x

Patterns select by the names in the file: TYPE, TYPE.member, PROGRAM.PROCEDURE, PROCEDURE.arg; * stands for any text.
Exit status: 0 done, 1 errors in the input or stale output, 2 wrong usage, 3 file not readable or writable.";

/// How a run ends, as exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Done = 0,
    /// Errors in the input, or stale output.
    Wrong = 1,
    Usage = 2,
    Files = 3,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = match cli.message_format {
        MessageFormat::Text => Format::Text,
        MessageFormat::Short => Format::Short,
        MessageFormat::Json => Format::Json,
    };
    if cli.command.is_some() && cli.generate != Generate::default() {
        complain(
            "files and options of a command come behind its name, as in `rpcgen-rs check -DX foo.x`",
            format,
        );
        return ExitCode::from(Status::Usage as u8);
    }
    let status = match cli.command {
        Some(Command::Check(check)) => check.run(format),
        Some(Command::Fmt(fmt)) => fmt.run(format),
        Some(Command::Explain { code }) => explain(&code),
        None => cli.generate.run(format),
    };
    ExitCode::from(status as u8)
}

fn explain(code: &str) -> Status {
    match check::explain(&code.to_ascii_uppercase()) {
        Some(text) => {
            // A reader that has seen enough is no error.
            let _ = writeln!(std::io::stdout(), "{text}");
            Status::Done
        }
        None => {
            say(format_args!(
                "error: `{code}` is no code of a message; they look like E0203\n"
            ));
            Status::Usage
        }
    }
}

/// Prints messages about the input.
fn report(diagnostics: &Diagnostics, sources: &SourceMap, format: Format) {
    say(diagnostics.render(sources, format));
}

/// Prints to standard error. A reader that has seen enough is no error.
fn say(message: impl std::fmt::Display) {
    let _ = write!(std::io::stderr(), "{message}");
}

/// Prints what is worth knowing and no error.
fn remark(message: &str, format: Format) {
    match format {
        Format::Json => {
            let diagnostic = crate::diag::Diagnostic::warning_without_place("E0000", message);
            say(diagnostic.render(&SourceMap::default(), format));
        }
        Format::Text | Format::Short => say(format_args!("note: {message}\n")),
    }
}

/// Prints an error that is not about the text of the input.
fn complain(message: impl std::fmt::Display, format: Format) {
    match format {
        Format::Json => {
            let diagnostic =
                crate::diag::Diagnostic::error_without_place("E0000", message.to_string());
            say(diagnostic.render(&SourceMap::default(), format));
        }
        Format::Text | Format::Short => {
            // Paths and words of the command line may hold what a terminal obeys.
            let lines = message.to_string();
            let lines: Vec<String> = lines.lines().map(clean).collect();
            say(format_args!("error: {}\n", lines.join("\n")));
        }
    }
}
