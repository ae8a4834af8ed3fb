//! Manners of a build script: output to `OUT_DIR`, told to Cargo what was read, files touched only when they change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::compile::{Errors, Output, compile_together};
use crate::diag::{Format, Severity};
use crate::files::{self, FileLoader};
use crate::options::Options;

impl Options {
    /// Compiles files from a build script: each `foo.x` becomes `foo.rs` in `OUT_DIR` (or the folder of
    /// [`Options::out_dir`]). The files may refer to each other.
    ///
    /// Prints Cargo's `rerun-if-changed` for every file read, included ones too, and warnings as Cargo's. Takes no
    /// look at anything global but `OUT_DIR`, so builds may run in parallel.
    ///
    /// # Errors
    /// Everything that is wrong with the input, or the first file that could not be written. The `Debug` form of the
    /// error is the whole text for people: let `main` return it.
    pub fn compile<P: AsRef<Path>>(&self, inputs: &[P]) -> Result<(), Errors> {
        #[allow(
            clippy::disallowed_methods,
            reason = "Cargo tells build scripts by the environment"
        )]
        let cargo_dir = std::env::var_os("OUT_DIR");
        let out_dir = match (self.out_dir.as_str(), cargo_dir) {
            ("", Some(dir)) => PathBuf::from(dir),
            ("", None) => {
                return Err(Errors::new(
                    "error: OUT_DIR is not set: either run from a build script or say `.out_dir(…)`",
                ));
            }
            (dir, _) => PathBuf::from(dir),
        };
        let paths: Vec<String> = inputs
            .iter()
            .map(|path| path.as_ref().to_string_lossy().into_owned())
            .collect();
        let made = self.compile_all(&paths)?;
        for (name, text) in made {
            let path = out_dir.join(&name);
            // An untouched file spares its users a rebuild.
            if files::old_text(&path).is_ok_and(|old| old.is_some_and(|old| old == text.as_bytes()))
            {
                continue;
            }
            files::replace(&path, text.as_bytes()).map_err(|error| {
                Errors::new(format!("error: cannot write {}: {error}", path.display()))
            })?;
        }
        Ok(())
    }

    /// Names and texts of the outputs.
    fn compile_all(&self, paths: &[String]) -> Result<BTreeMap<String, String>, Errors> {
        let mut made = BTreeMap::new();
        let mut errors = String::new();
        let mut loader = FileLoader::new(
            paths.iter().map(String::as_str),
            self.include.iter().map(String::as_str),
        );
        for path in paths {
            let others: Vec<&str> = paths
                .iter()
                .map(String::as_str)
                .filter(|other| other != path)
                .collect();
            let output = compile_together(self, &mut loader, &[path], &others);
            tell_cargo(&output, path);
            if output.diagnostics.has_errors() {
                errors += &output.diagnostics.render(&output.sources, Format::Text);
            }
            for file in output.files {
                let name = file
                    .path
                    .rsplit('/')
                    .next()
                    .unwrap_or(&file.path)
                    .to_owned();
                if made.insert(name.clone(), file.text).is_some() {
                    errors += &format!("error: two inputs would both be written to {name}\n");
                }
            }
        }
        if errors.is_empty() {
            Ok(made)
        } else {
            Err(Errors::new(errors))
        }
    }
}

fn tell_cargo(output: &Output, input: &str) {
    // A file that could not be read may appear.
    println!("cargo:rerun-if-changed={input}");
    for file in output.sources.files().filter(|file| file.path() != input) {
        println!("cargo:rerun-if-changed={}", file.path());
    }
    for warning in output
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Warning)
    {
        println!(
            "cargo:warning={}",
            warning.render(&output.sources, Format::Short).trim_end()
        );
    }
}
