//! The error for an invalid member of a request or form.

/// Names the invalid member, so that the client can correct it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} does not fit")]
pub struct InvalidField(pub &'static str);
