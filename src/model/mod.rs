//! The domain's types: pure and checked. The types of GNU Taler's protocol are in [`taler`].
//!
//! | type | meaning |
//! | --- | --- |
//! | [`access::Scope`], [`access::Permission`] | what a token may do; what a route asks of it |
//! | [`access::Token`] | an API token's record |
//! | [`account::Account`] | a bank account of a shop |
//! | [`business_day::BusinessDay`], [`business_day::Calendar`] | when a shop's days end; the day of a time |
//! | [`contract::Terms`] | what a contract says, made of an order as a shop writes it |
//! | [`instance::Instance`] | a shop of this daemon: its settings, its key |
//! | [`order::Order`] | something to be paid: unclaimed, claimed, paid, refunded |
//! | [`product::Product`] | something that the shop sells, with its stock |
//! | [`cart::CartLine`] | what an order takes of the inventory, and what it costs |
//! | [`stock::MoveStock`], [`product_import::ImportedProduct`] | a change of a stock by hand; a line of a table of products |
//! | [`category::Category`], [`unit::Unit`], [`label::Label`] | how products are sorted and counted |
//! | [`cashier::Cashier`] | a person who sells at the till, and may do nothing else |
//! | [`tax::TaxRate`], [`tax::TaxSums`] | a tax in per cent; what of a price is net and what is tax |
//! | [`order::SessionKey`] | a visitor's session and a page: what names a purchase |
//! | [`order::Topic`] | a subject that requests can wait for |
//! | [`otp_device::OtpDevice`] | a machine that shows one-time codes |
//! | [`statistic::Statistic`] | what statistics count |
//! | [`transfer::TransferSerial`], [`transfer::Trouble`] | the money's way to the bank |
//! | [`webhook::Webhook`], [`webhook::Event`] | where a shop's program is told of what happens; what there is to tell |
//!
//! A value of these types is valid and needs no further check. There is no clock and no randomness here: both are
//! arguments.

#![warn(clippy::arithmetic_side_effects)]

pub mod access;
pub mod account;
pub mod business_day;
pub mod cart;
pub mod cashier;
pub mod category;
pub mod contract;
pub mod instance;
pub mod invalid_field;
pub mod label;
pub mod order;
pub mod otp_device;
pub mod product;
pub mod product_import;
pub mod product_tax;
pub mod statistic;
pub mod stock;
pub mod tax;
pub mod transfer;
pub mod unit;
pub mod webhook;
