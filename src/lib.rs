//! tilld, a till for GNU Taler in one binary.

pub mod domain;
pub mod store;
pub mod taler;
