//! What the API is, for programs: an `OpenAPI` 3.1 document.
//!
//! It is generated from the tables of routes, the table of failures, the structs of requests and
//! answers, and the limits of the domain, by a test that compares it with `docs/openapi.json`; the
//! program carries only the packed result. An area whose handlers have structs describes its operations
//! beside them, in `operations`; a file here describes a resource that has none yet. What every operation
//! of its kind has in common, and each form of its path, is added by `document`.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod derived;
#[cfg(test)]
mod document;
#[cfg(test)]
mod instances;
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
