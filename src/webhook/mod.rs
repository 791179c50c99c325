//! What a webhook's call is made of, and one attempt to deliver it (webhooks 3, 4, 5.3 and 5.7).
//!
//! | module | |
//! | --- | --- |
//! | [`template`] | the texts that a shop writes, and the request that becomes of them |
//! | `signature` | the header by which a receiver knows the sender |
//! | [`address`] | which addresses may be called |
//! | [`client`] | one attempt: connect, send, judge the answer |
//!
//! Nothing here stores or schedules: when an attempt is made, and what follows from its outcome, is for the
//! layers above.

pub mod address;
pub mod client;
mod json_mode;
mod signature;
pub mod template;
mod text_template;

pub use self::address::{AddressGuard, AllowEntry};
pub use self::client::{Attempt, Client, Outcome};
pub use self::template::{BadWebhook, Escaping, Parts, Request, RequestTemplate, Unusable};
pub use crate::model::webhook::HttpMethod;
