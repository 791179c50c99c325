//! What Taler and the shop talk of: pure, checked types. Whoever holds one need not check it again.
//!
//! | noun | is |
//! | --- | --- |
//! | [`access::Scope`], [`access::Permission`] | what a token may do; what a route asks of it |
//! | [`access::Token`] | what lets software act for a shop |
//! | [`account::Account`] | where a shop's money goes |
//! | [`amount::Amount`] | an amount of money, exact and never negative |
//! | [`amount::Currency`] | the name of a currency |
//! | [`business_day::BusinessDay`], [`business_day::Calendar`] | when a shop's days end; which day a time belongs to |
//! | [`coin::Coin`] | a coin with which a wallet pays, and what it permits |
//! | [`contract::Terms`] | what a contract says, made of an order as a shop writes it |
//! | [`currency::CurrencySpecification`] | how people write amounts of a currency |
//! | [`exchange::Trusted`], [`exchange::Keys`] | an exchange whose coins are taken; what it says of itself, verified |
//! | [`ids::InstanceId`] | the name of a shop on this till; `admin` is the first one |
//! | [`ids::OrderId`] | the name of an order within its shop |
//! | [`ids::SessionId`] | the shop's name for one visitor's browser session |
//! | [`ids::TemplateId`] | the name of a template for orders |
//! | [`instance::Instance`] | a shop on this till: its settings, its key |
//! | [`order::Order`] | something to be paid: unclaimed, claimed, paid, refunded |
//! | [`order::SessionKey`] | a visitor's session and a page: what names a purchase |
//! | [`order::Topic`] | what somebody can wait for news of |
//! | [`payment::Part`] | what a coin brings to a payment; whether all cover the price |
//! | [`payto::Payto`] | a bank account, as a payto address |
//! | [`taler_uri::Pay`] | the address by which a wallet is asked to pay; `Refund`, `PayTemplate` likewise |
//! | [`taler_uri_2019::Order2019`] | an order as the addresses of 2019 named it |
//! | [`template::Template`] | an order with blanks, which wallets fill in |
//! | [`time::RelativeTime`] | a duration, or forever |
//! | [`time::Timestamp`] | a second in time, or never |
//! | [`web::BaseUrl`] | the address under which a shop's API or an exchange answers |
//! | [`web::FulfillmentUrl`] | where a customer finds what was bought; with the session it names a purchase |
//!
//! A type is made by its `parse` (or by serde, which calls it), fails with a `Bad…` that says why,
//! and prints itself again as the text that `parse` reads. The domain has no clock and no
//! randomness: both come in as arguments.

#![warn(clippy::arithmetic_side_effects)]

mod text;

pub mod access;
pub mod account;
pub mod amount;
pub mod business_day;
pub mod characters;
pub mod coin;
pub mod contract;
pub mod currency;
pub mod exchange;
pub mod ids;
pub mod instance;
pub mod order;
pub mod path;
pub mod payment;
pub mod payto;
pub mod taler_uri;
pub mod taler_uri_2019;
pub mod template;
pub mod time;
pub mod unfit;
pub mod web;
