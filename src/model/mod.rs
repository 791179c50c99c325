//! What the shop talks of: pure, checked types. What all of GNU Taler talks of is in [`taler`].
//!
//! | noun | is |
//! | --- | --- |
//! | [`access::Scope`], [`access::Permission`] | what a token may do; what a route asks of it |
//! | [`access::Token`] | what lets software act for a shop |
//! | [`account::Account`] | where a shop's money goes |
//! | [`business_day::BusinessDay`], [`business_day::Calendar`] | when a shop's days end; which day a time belongs to |
//! | [`contract::Terms`] | what a contract says, made of an order as a shop writes it |
//! | [`instance::Instance`] | a shop on this till: its settings, its key |
//! | [`order::Order`] | something to be paid: unclaimed, claimed, paid, refunded |
//! | [`order::SessionKey`] | a visitor's session and a page: what names a purchase |
//! | [`order::Topic`] | what somebody can wait for news of |
//!
//! Whoever holds one need not check it again. There is no clock here and no randomness: both come in as
//! arguments.

#![warn(clippy::arithmetic_side_effects)]

pub mod access;
pub mod account;
pub mod business_day;
pub mod contract;
pub mod instance;
pub mod invalid_field;
pub mod order;
