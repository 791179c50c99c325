//! Black-box tests: the real program, started on a port of its own, spoken to over HTTP and from
//! the command line. One binary, so that it links once.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

mod access;
mod accounts;
mod api;
mod backoffice;
mod citations;
mod clients;
mod coins;
mod command_line;
mod connections;
#[cfg(feature = "demo")]
mod demo;
mod disk;
mod doctor;
mod errors;
mod exchanges;
mod files;
mod gone;
mod instances;
mod layers;
#[cfg(feature = "legacy")]
mod legacy;
mod life;
mod log_flood;
mod malformed;
mod orders;
mod otp_devices;
mod pages;
mod polls;
mod races;
mod restart;
mod root;
mod sandbox;
mod secrets;
mod shop;
mod sql;
mod story;
mod strangers;
mod templates;
mod tenants;
mod typing;
mod wallet;
mod webhooks;
