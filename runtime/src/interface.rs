//! What the compiler knows about a program's version: numbers and names, as constants.

/// One version of a program, as its interface file declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Name of the program in the interface file.
    pub name: &'static str,
    /// Program number.
    pub program: u32,
    /// Version number.
    pub version: u32,
    /// Its procedures, in ascending order of their numbers.
    pub procedures: &'static [ProcInfo],
}

impl Interface {
    /// The procedure with this number.
    #[inline]
    #[must_use]
    pub fn procedure(&self, number: u32) -> Option<&'static ProcInfo> {
        // Numbers are nearly always 0, 1, 2 …: look there first.
        let guess = self
            .procedures
            .get(number as usize)
            .filter(|p| p.number == number);
        guess.or_else(|| {
            let at = self
                .procedures
                .binary_search_by_key(&number, |p| p.number)
                .ok()?;
            self.procedures.get(at)
        })
    }
}

/// One procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcInfo {
    /// Procedure number.
    pub number: u32,
    /// Name in the interface file.
    pub name: &'static str,
    /// The server never answers (`oneway`).
    pub oneway: bool,
    /// Calling it twice does what calling it once does: it may be replayed after a lost connection.
    pub idempotent: bool,
    /// Largest ratio of Rust bytes to wire bytes in its arguments.
    pub args_ratio: u32,
    /// Largest ratio of Rust bytes to wire bytes in its result.
    pub result_ratio: u32,
}

impl ProcInfo {
    /// A procedure that answers, may not be replayed, and has values of the usual size.
    #[must_use]
    pub const fn new(number: u32, name: &'static str) -> Self {
        Self {
            number,
            name,
            oneway: false,
            idempotent: false,
            args_ratio: 16,
            result_ratio: 16,
        }
    }

    /// The same, but the server never answers.
    #[must_use]
    pub const fn oneway(self) -> Self {
        Self {
            oneway: true,
            ..self
        }
    }

    /// The same, but it may be replayed.
    #[must_use]
    pub const fn idempotent(self) -> Self {
        Self {
            idempotent: true,
            ..self
        }
    }

    /// The same with these ratios of Rust bytes to wire bytes.
    #[must_use]
    pub const fn ratios(self, args: u32, result: u32) -> Self {
        Self {
            args_ratio: args,
            result_ratio: result,
            ..self
        }
    }
}
