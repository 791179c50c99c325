//! What Taler and the shop talk of: pure, checked types. Whoever holds one need not check it again.
//!
//! | word | what it is |
//! |---|---|
//! | amount | money in a currency, exact (`amount`; how it is shown: `currency`) |
//! | timestamp, relative time | a second, or never; a span, or forever (`time`) |
//! | instance | one shop of the daemon, with its key (`instance`) |
//! | account | where its money goes (`account`, `payto`) |
//! | scope, permission, token | who may do what (`access`) |
//! | order, session, template | what they are called (`ids`) |
//! | base URL, fulfillment URL | where a backend is; where the goods are (`web`) |
//!
//! No database, no HTTP, no clock and no randomness: those come in as arguments.

#![warn(clippy::arithmetic_side_effects)]

pub mod access;
pub mod account;
pub mod amount;
pub mod currency;
pub mod ids;
pub mod instance;
pub mod payto;
pub mod time;
pub mod web;
