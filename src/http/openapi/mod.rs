//! The description of the API: an `OpenAPI` 3.1 document.
//!
//! It is generated from the tables of routes, the table of failures, the structs of requests and
//! answers, and the limits of the domain, by a test that compares it with `docs/openapi.json`; the
//! program carries only the packed result. Each resource describes its operations beside its handlers, in
//! `operations`; `document` adds each form of a path, `refusals` what operations of a kind may fail with.
//! What has no struct is described here: orders and contracts (`contract`), texts with a limit and words of
//! queries (`values`), and the pages of the back office, which are no API (`backoffice`).

#![cfg_attr(
    all(test, not(feature = "legacy")),
    expect(dead_code, reason = "without the routes of 2019 there is no document to make")
)]

// The document has the routes of 2019, so it is made only with the feature `legacy`.
#[cfg(feature = "legacy")]
#[cfg(test)]
mod backoffice;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod derived;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod document;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod examples;
#[cfg(test)]
pub(super) mod operation;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod schema;
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
    use super::operation::Operation;
    use crate::http::error::tests::listed;
    use crate::http::{ADMIN, RouteSpec, today};
    use crate::http::{
        accounts, admin, categories, groups, instances, kyc, legal, orders, otp_devices, pages,
        pos, pots, products, sessions, shop, statistics, templates, tokens, transfers, units,
        webhooks,
    };

    #[test]
    fn what_handlers_say_of_themselves_is_about_routes_and_failures_that_there_are() {
        let resources = [
            accounts::operations(),
            admin::operations(),
            categories::operations(),
            groups::operations(),
            instances::management(),
            instances::operations(),
            kyc::management(),
            kyc::operations(),
            legal::operations(),
            orders::shop::operations(),
            orders::wallet::operations(),
            otp_devices::operations(),
            pages::operations(),
            pos::operations(),
            pots::operations(),
            products::operations(),
            products::public_operations(),
            sessions::operations(),
            shop::operations(),
            statistics::management(),
            statistics::operations(),
            templates::for_wallets(),
            templates::operations(),
            tokens::operations(),
            transfers::operations(),
            units::operations(),
            webhooks::operations(),
        ];
        for one in resources.iter().flatten() {
            let is_it = |row: &&RouteSpec| (row.method, row.path) == (one.method, one.path);
            let is_route = today().chain(ADMIN).any(|row| is_it(&row));
            assert!(is_route, "{} {}", one.method, one.path);
            for name in Operation::failures(one) {
                assert!(!listed(name).is_empty(), "{} {}: {name}", one.method, one.path);
            }
        }
    }
}
