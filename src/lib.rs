//! tilld, a till for GNU Taler in one binary.
//!
//! Six floors; a module uses only what lies below it, and a door opens only on the verbs:
//!
//! ```text
//!  5  start     cli   server          wire, open, stop
//!  4  doors     http  jobs  config    parse, call one verb, shape the answer
//!  3  verbs     till                  what a till does, in what order
//!  2  world     store  hub  exchange  the disk, the ears, the peer
//!  1  nouns     model                 what the shop talks of
//! ```
//!
//! Below it are crates: [`taler`], the protocol; [`system`], time, randomness and the log; [`net`], what servers
//! and clients of HTTP share; [`ui`], how pages look. Beside it stands `playground`, which speaks with the till over HTTP only: play money for
//! demonstrations and tests, linked with the feature `demo`.
//!
//! It is a program first: the library is there so that tests, benchmarks and documents can be made
//! from the same code. No interface of it is promised to anybody else.
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
