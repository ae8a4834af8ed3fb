//! The options of [`TABLE`] as arguments: what the table says is all there is.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::options::{Entry, Options, TABLE};

/// The options given on the command line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TableOptions(pub(super) Options);

impl clap::Args for TableOptions {
    fn augment_args(command: Command) -> Command {
        TABLE
            .iter()
            .fold(command, |command, entry| command.arg(argument(entry)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for TableOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Self::default();
        options.update_from_arg_matches(matches)?;
        Ok(options)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for entry in TABLE {
            if entry.value.is_empty() {
                if matches.get_flag(entry.flag) {
                    self.set(
                        entry,
                        if entry.on_by_default() {
                            "false"
                        } else {
                            "true"
                        },
                    )?;
                }
            } else {
                for text in matches.get_many::<String>(entry.flag).into_iter().flatten() {
                    self.set(entry, text)?;
                }
            }
        }
        Ok(())
    }
}

impl TableOptions {
    fn set(&mut self, entry: &Entry, text: &str) -> Result<(), clap::Error> {
        entry.set(&mut self.0, text).map_err(|why| {
            clap::Error::raw(
                clap::error::ErrorKind::ValueValidation,
                format!("--{}: {why}", entry.flag),
            )
        })
    }
}

fn argument(entry: &'static Entry) -> Arg {
    let switch = entry.value.is_empty();
    let (long, help) = if switch && entry.on_by_default() {
        (
            entry.off,
            format!("Leave out {}", uncapitalised(&entry.summary())),
        )
    } else {
        (entry.flag, entry.summary())
    };
    let argument = Arg::new(entry.flag)
        .long(long)
        .help(help.trim_end_matches('.').to_owned())
        .help_heading(entry.topic);
    let argument = match entry.short {
        Some(short) => argument.short(short),
        None => argument,
    };
    if switch {
        argument.action(ArgAction::SetTrue)
    } else {
        argument.value_name(entry.value).action(ArgAction::Append)
    }
}

fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}
