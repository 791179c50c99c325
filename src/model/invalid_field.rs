//! The error for an invalid member of a request or form.

use std::fmt;

/// Names the invalid member, so that the client can correct it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidField(pub &'static str);

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not fit", self.0)
    }
}

impl std::error::Error for InvalidField {}
