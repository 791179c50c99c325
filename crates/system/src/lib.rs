//! Services of the system: time, randomness, threads that may block, a log with a rate limit,
//! and the schema of a file of SQLite.
//!
//! | module | |
//! | --- | --- |
//! | [`blocking()`] | work off the threads that answer requests |
//! | [`clock`] | what time it is, and whether that may be believed |
//! | [`log_limit`] | log lines that clients can cause: the first at once, then a count a minute |
//! | [`random()`] | the system's randomness |
//! | [`statement!`] | SQL from files, put together when the program is compiled |
//! | [`steps`] | the schema of a file, as a chain of steps |
//!
//! These are the only sources of time and randomness: code that needs them gets a [`clock::Clock`], or calls
//! [`random()`] where a secret is made.
#![forbid(unsafe_code)]

mod blocking;
pub mod clock;
pub mod log_limit;
mod random;
mod sql;
pub mod steps;

pub use self::blocking::blocking;
pub use self::random::{NoRandomness, random};
