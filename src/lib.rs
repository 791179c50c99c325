//! tilld, a merchant payment daemon for GNU Taler.
//!
//! Five layers; a module uses only the layers below it, and handlers call only use cases:
//!
//! ```text
//!  5  start     cli   server          open, run, stop
//!  4  entry     http  jobs  config    parse, call one use case, format the answer
//!  3  use cases till                  what the till does
//!  2  outside   store  hub            database, subscriptions
//!               exchange  webhook      exchange client, calls of webhooks
//!  1  model     model                 the domain's types
//! ```
//!
//! Below it are crates: [`taler`], the protocol; [`system`], time, randomness and the log; [`net`], what servers
//! and clients of HTTP share; [`ui`], the pages' layout and texts. `playground` uses the till over HTTP only: play money for
//! demonstrations and tests, linked with the feature `demo`.
//!
//! It is a program first: the library is there so that tests, benchmarks and documents can be made
//! from the same code. Its interface is not stable for others.
#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod exchange;
pub mod http;
pub mod hub;
pub mod jobs;
pub mod model;
pub mod server;
pub mod store;
pub mod till;
pub mod webhook;
