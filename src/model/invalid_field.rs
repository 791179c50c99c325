//! One complaint for all that people fill in: which member does not fit.

use std::fmt;

/// Names the member that does not fit, so that whoever filled it in can mend it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidField(pub &'static str);

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not fit", self.0)
    }
}

impl std::error::Error for InvalidField {}
