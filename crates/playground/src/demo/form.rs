//! What a form of the shop's pages sends.

use std::future::ready;
use std::ops::Deref;

use actix_web::dev::{self, ServiceRequest};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Payload, Query};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use futures_util::stream;
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

/// The whole body of `request`, which it does not have any more then.
pub(super) async fn taken(request: &mut ServiceRequest) -> Result<Bytes, Failure> {
    let mut payload = request.take_payload();
    let body = Payload::from_request(request.request(), &mut payload).into_inner();
    match body.map_err(|_| Failure::Form)?.to_bytes_limited(MAX_BYTES).await {
        Ok(Ok(bytes)) => Ok(bytes),
        _ => Err(Failure::Form),
    }
}

/// Gives `request` the body that was taken.
pub(super) fn put_back(request: &mut ServiceRequest, body: Bytes) {
    request.set_payload(dev::Payload::Stream { payload: Box::pin(stream::once(ready(Ok(body)))) });
}

fn is_form(request: &HttpRequest) -> bool {
    let told = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = told.and_then(|value| value.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
