//! What the HTTP servers and clients of this workspace share.
//!
//! | module | |
//! | --- | --- |
//! | [`body`] | a request's body: read and inflated up to a limit, and put back |
//! | [`client`] | a client that follows no redirects, and reads answers up to a limit |
//! | [`failure`] | a row of a table of failures: status, code, hint |
//! | [`header`] | headers of requests and answers: cookies, forms, what browsers may do |
//!
//! Nothing here knows what is said. Each server has its own table of failures, and makes rows of it of
//! what these functions return.
#![forbid(unsafe_code)]

pub mod body;
pub mod client;
pub mod failure;
pub mod header;
