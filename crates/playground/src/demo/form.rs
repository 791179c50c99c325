//! Reads the forms of the shop's pages.

use std::ops::Deref;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::web::{Bytes, Query};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use net::body::{gather, whole};
use net::header::is_form;

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

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = is_form(request.headers());
        let mut payload = payload.take();
        Box::pin(async move {
            if !is_form {
                return Err(Failure::Form);
            }
            let bytes = gather(&mut payload, MAX_BYTES).await.map_err(|_| Failure::Form)?;
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
    gather(&mut payload, MAX_BYTES).await.map(Into::into).map_err(|_| Failure::Form)
}

/// Gives `request` the body that was taken.
pub(super) fn put_back(request: &mut ServiceRequest, body: Bytes) {
    request.set_payload(whole(body));
}
