//! What servers and clients of HTTP have in common here, whoever they speak for.
//!
//! | module | |
//! | --- | --- |
//! | [`body`] | a request's body: read and inflated up to a limit, and put back |
//! | [`client`] | a client that goes nowhere by itself, and reads answers up to a limit |
//! | [`header`] | what requests say of themselves: cookies, forms |
//!
//! Nothing here knows what is said. Each server has its own table of failures, and makes rows of it of
//! what these functions return.
#![forbid(unsafe_code)]

pub mod body;
pub mod client;
pub mod header;
