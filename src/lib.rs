//! tilld, a till for GNU Taler in one binary.
//!
//! Six floors; a module uses only what lies below it, and a door opens only on the verbs:
//!
//! ```text
//!  5  start     cli   server          wire, open, stop
//!  4  doors     http  jobs  config    parse, call one verb, shape the answer
//!  3  verbs     till                  what a till does, in what order
//!  2  world     store  hub  exchange  machine
//!                                     the disk, the ears, the peer, time and chance
//!  1  nouns     domain  page          what Taler and the shop talk of; how pages look
//!  0  bytes     taler  log_limit      encodings, hashes, signatures; how often a log line is written
//! ```
//!
//! Beside the house stand [`sandbox`], an exchange of play money for demonstrations and tests,
//! [`wallet`], a customer's wallet for the same, and [`demo`], a small web shop. They speak with the
//! till and with each other over HTTP only.
//!
//! It is a program first: the library is there so that tests, benchmarks and documents can be made
//! from the same code. No interface of it is promised to anybody else.
#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
pub mod exchange;
pub mod http;
pub mod hub;
pub mod jobs;
pub mod log_limit;
pub mod machine;
pub mod page;
pub mod sandbox;
pub mod server;
pub mod store;
pub mod taler;
pub mod till;
pub mod wallet;
