//! Play money, for demonstrations and tests: an exchange that gives it away, a customer's wallet, and a
//! small web shop.
//!
//! Each speaks with the till and with the others over HTTP only, has what it keeps in a file of its own,
//! and takes no real money. Their statements lie in `sql/` beside the code.
//!
//! | module | |
//! | --- | --- |
//! | [`sandbox`] | an exchange of play money, with a bank |
//! | [`wallet`] | a customer's wallet |
//! | [`demo`] | a small web shop, with a wallet behind a button |
//! | `file` | the file of SQLite that exchange and wallet each have |
#![forbid(unsafe_code)]

pub mod demo;
mod file;
pub mod sandbox;
pub mod wallet;
