//! What only the machine can give, the time of day and randomness, and a log that nobody can flood.
//!
//! | module | |
//! | --- | --- |
//! | [`clock`] | what time it is, and whether that may be believed |
//! | [`log_limit`] | log lines that clients can cause: the first at once, then a count a minute |
//! | [`random`] | the system's randomness |
//!
//! Time and randomness come from nowhere else: whoever wants them is given a [`clock::Clock`], or calls
//! [`random`] where a secret is made.
#![forbid(unsafe_code)]

pub mod clock;
pub mod log_limit;
mod random;

pub use self::random::{NoRandomness, random};
