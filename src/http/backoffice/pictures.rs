//! Pictures of products for the pages of the back office, by their hashes.
//!
//! The API answers them as JSON, and the policy of our pages allows no data URLs in them. A picture may be an SVG that
//! somebody wrote by hand, so what is answered here can do nothing: it is a file to be kept if a browser is led to it,
//! and has neither script nor our origin.

use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use actix_web::web::Data;
use data_encoding::{BASE64_NOPAD, HEXLOWER};

use super::super::error::Answer;
use super::super::extract::PathId;
use super::web_session::WebSession;
use crate::model::product::Product;
use crate::till::{Error, InventoryError, Till};

/// What a picture may do: look as it is drawn.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; \
                      frame-ancestors 'none'";

/// The path of a product's picture; `None` if it has none.
pub(super) fn path_of(web_session: &WebSession, product: &Product) -> Option<String> {
    let hash = HEXLOWER.encode(&product.image_hash?);
    Some(web_session.path(&format!("pictures/{hash}")))
}

/// `GET /webui/pictures/$HASH`. The hash names what is in it, so browsers keep it for good.
pub(in crate::http) async fn show(
    till: Data<Till>,
    _web_session: WebSession,
    PathId(hash): PathId<String>,
) -> Answer {
    let unknown = || Error::from(InventoryError::ImageUnknown);
    let hash = HEXLOWER.decode(hash.as_bytes()).ok();
    let hash = hash.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or_else(unknown)?;
    let image = till.image(hash).await?;
    let data = BASE64_NOPAD.decode(image.data().trim_end_matches('=').as_bytes());
    let data = data.map_err(|_| unknown())?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, image.media_type()))
        .insert_header((CACHE_CONTROL, "private, max-age=31536000, immutable"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CONTENT_DISPOSITION, "attachment"))
        .body(data))
}
