//! The description of the API: an `OpenAPI` 3.1 document.
//!
//! It is generated from the tables of routes, the table of failures, the structs of requests and
//! answers, and the limits of the domain, by a test that compares it with `docs/openapi.json`; the
//! program carries only the packed result. An area whose handlers have structs describes its operations
//! beside them, in `operations`; a file here describes a resource that has none yet. What every operation
//! of its kind has in common, and each form of its path, is added by `document`.

#![cfg_attr(
    all(test, not(feature = "legacy")),
    expect(dead_code, reason = "without the routes of 2019 there is no document to make")
)]

// The document has the routes of 2019, so it is made only with the feature `legacy`.
#[cfg(test)]
mod contract;
#[cfg(test)]
mod derived;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod document;
#[cfg(test)]
mod instances;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod legacy;
#[cfg(test)]
mod office;
#[cfg(test)]
pub(super) mod operation;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod shop;
#[cfg(test)]
mod templates;
#[cfg(test)]
pub(super) mod values;

use std::io::Read;

use actix_web::HttpResponse;
use flate2::read::ZlibDecoder;

use super::error::{Answer, Failure};

/// `docs/openapi.json`, packed when the program was built.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.z"));

/// `GET /openapi.json`.
pub(super) async fn show() -> Answer {
    let mut text = String::new();
    ZlibDecoder::new(PACKED)
        .read_to_string(&mut text)
        .map_err(|error| Failure::Bug(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type("application/json").body(text))
}

#[cfg(test)]
mod tests {
    use super::derived;
    use super::operation::Operation;
    use crate::http::{EVERYWHERE, accounts, orders, otp_devices, sessions, tokens, webhooks};
    use crate::till::MAX_COINS;

    #[test]
    fn what_handlers_say_of_themselves_is_about_routes_and_their_limits() {
        let areas = [
            accounts::operations(),
            otp_devices::operations(),
            orders::shop::operations(),
            orders::wallet::operations(),
            sessions::operations(),
            tokens::operations(),
            webhooks::operations(),
        ];
        let operations = || areas.iter().flatten();
        for one in operations() {
            let is_route =
                EVERYWHERE.iter().any(|row| (row.method, row.path) == (one.method, one.path));
            assert!(is_route, "{} {}", one.method, one.path);
        }
        let components = derived::components(operations().flat_map(Operation::learned));
        assert_eq!(components["Payment"]["properties"]["coins"]["maxItems"], MAX_COINS);
    }
}
