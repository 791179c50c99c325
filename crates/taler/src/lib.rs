//! The protocol of GNU Taler as merchants, wallets and exchanges speak it: checked types, encodings,
//! hashes and signatures.
//!
//! There is no I/O here, no clock and no randomness of its own: time and random bytes come in as
//! arguments. A value of these types needs no further check: it is created by its `parse` (or by
//! serde, which calls it), fails with a `Bad…` that says why, and prints itself again as the text that
//! `parse` reads.
//!
//! | type | is |
//! | --- | --- |
//! | [`amount::Amount`] | an amount of money, exact and never negative |
//! | [`amount::Currency`] | the name of a currency |
//! | [`coin::permission::Coin`] | a coin with which a wallet pays, and what it permits |
//! | [`currency::CurrencySpecification`] | how people write amounts of a currency |
//! | [`exchange::Trusted`], [`exchange::Keys`] | an exchange whose coins are taken; what it says of itself, verified |
//! | [`ids::InstanceId`] | the name of a shop on this till; `admin` is the first one |
//! | [`ids::OrderId`] | the name of an order within its shop |
//! | [`ids::SessionId`] | the shop's name for one visitor's browser session |
//! | [`ids::TemplateId`] | the name of a template for orders |
//! | [`ids::WebhookId`] | the name of a webhook |
//! | [`payment::Part`] | what a coin brings to a payment; whether all cover the price |
//! | [`payto::Payto`] | a bank account, as a payto address |
//! | [`taler_uri::Pay`] | the address by which a wallet is asked to pay; `Refund`, `PayTemplate` likewise |
//! | [`template::Template`] | an order with blanks, which wallets fill in |
//! | [`time::RelativeTime`] | a duration, or forever |
//! | [`time::Timestamp`] | a second in time, or never |
//! | [`web::BaseUrl`] | the address under which a shop's API or an exchange answers |
//! | [`web::FulfillmentUrl`] | where a customer finds what was bought; with the session it names a purchase |
//!
//! Below them lie the bytes. These modules know the alphabet in which wallets, merchants and exchanges
//! talk, and nothing of what they talk about: code that wants an amount signed hands in its 24 bytes.
//!
//! | module | follows |
//! | --- | --- |
//! | [`base32`] | crypto 1: binary values as text |
//! | [`canonical`] | crypto 4.1: JSON that all programs write alike |
//! | [`coin`] | crypto 10 and 11: denominations, the blind signatures that make coins, ages |
//! | [`contract`] | crypto 4.2 and 4.3: the hash of a contract, and what it may forget |
//! | [`hash`] | crypto 3.1, 4.4 and 9.2: SHA-512 in Taler's several manners |
//! | [`kdf`] | crypto 3.2 and 3.3: key derivation with two hashes |
//! | `object` | objects of JSON are read from objects only |
//! | [`otp`] | crypto 12: codes by which a machine without network sees a payment |
//! | [`sign`] | crypto 5 to 8: Ed25519, the purpose header, and every message that is signed |
//!
//! Every one of them is tested against `tests/vectors/`, results of independent implementations.
//!
//! With the feature `rusqlite`, the types can be bound to and read from columns of SQLite; with the feature
//! `openapi`, they say what they look like in an `OpenAPI` document.
#![forbid(unsafe_code)]
#![warn(clippy::arithmetic_side_effects)]

pub mod amount;
pub mod base32;
pub mod canonical;
pub mod characters;
pub mod coin;
#[cfg(feature = "rusqlite")]
mod columns;
pub mod contract;
pub mod currency;
pub mod exchange;
pub mod hash;
pub mod ids;
pub mod kdf;
pub mod object;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod otp;
pub mod path;
pub mod payment;
pub mod payto;
pub mod sign;
pub mod taler_uri;
pub mod template;
pub mod text;
pub mod time;
#[cfg(test)]
mod vectors;
pub mod web;
