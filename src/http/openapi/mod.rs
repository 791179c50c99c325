//! The description of the API: an `OpenAPI` 3.1 document.
//!
//! It is generated from the tables of routes, the table of failures and the limits of the domain, by
//! a test that compares it with `docs/openapi.json`; the program carries only the packed result. A
//! file here describes a resource: a line for each parameter, answer and refusal. What every operation
//! of its kind has in common, and each form of its path, is added by `document`.

// The document has the routes of 2019.
#[cfg(feature = "legacy")]
#[cfg(test)]
mod document;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod instances;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod legacy;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod office;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod operation;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod orders;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod schema;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod shop;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod templates;
#[cfg(feature = "legacy")]
#[cfg(test)]
mod tokens;

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
