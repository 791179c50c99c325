//! tilld, a till for GNU Taler in one binary.
#![forbid(unsafe_code)]

pub mod domain;
pub mod taler;
