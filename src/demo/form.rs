//! What a form of the shop's pages sends.

use std::ops::Deref;

use actix_web::dev;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Payload, Query};
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::failure::Failure;

/// Most bytes of a form; ours are far smaller.
const MAX_BYTES: usize = 4096;

/// A form's fields. The framework's own extractor also reads dozens of encodings that browsers have
/// not sent for long, at the price of a sixth of a megabyte.
pub(super) struct Form<T>(T);

impl<T> Deref for Form<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Form<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let is_form = is_form(request);
        let body = Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            let body = body.ok().filter(|_| is_form).ok_or(Failure::Form)?;
            let Ok(Ok(bytes)) = body.to_bytes_limited(MAX_BYTES).await else {
                return Err(Failure::Form);
            };
            let text = str::from_utf8(&bytes).map_err(|_| Failure::Form)?;
            // Forms are written as queries are.
            let fields: Query<T> = Query::from_query(text).map_err(|_| Failure::Form)?;
            Ok(Self(fields.into_inner()))
        })
    }
}

fn is_form(request: &HttpRequest) -> bool {
    let told = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = told.and_then(|value| value.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
