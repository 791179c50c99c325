//! What the HTTP servers and clients of this workspace share.
//!
//! | module | |
//! | --- | --- |
//! | [`body`] | a request's body: read and inflated up to a limit, and put back |
//! | [`client`] | a client that follows no redirects, and reads answers up to a limit |
//! | [`header`] | headers of requests: cookies, forms |
//!
//! Nothing here knows what is said. Each server has its own table of failures, and makes rows of it of
//! what these functions return.
#![forbid(unsafe_code)]

pub mod body;
pub mod client;
pub mod header;
