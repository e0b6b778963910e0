//! The one error of the load generator: a sentence for the person who reads the table.

use std::fmt;

/// Why a measurement could not be finished. It becomes the `error` field of the output line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure with this explanation, which says what happened and not what the code was doing.
    pub fn new(explanation: impl Into<String>) -> Self {
        Failure(explanation.into())
    }

    /// A failed system call, as "`what`: reason".
    pub fn call(what: &str, error: rustix::io::Errno) -> Self {
        Failure(format!("{what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
