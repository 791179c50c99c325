//! Pictures of products in the back office: kept from files that people choose, shown by their hashes to those who have
//! signed in.
//!
//! The API answers them as JSON, and the policy of our pages allows no data URLs in them. A picture may be an SVG that
//! somebody wrote by hand, so what is answered here can do nothing: it is a file to be kept if a browser is led to it,
//! and has neither script nor our origin.

use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use actix_web::web::{Bytes, Data};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};

use super::super::error::Answer;
use super::super::extract::PathId;
use super::web_session::WebSession;
use crate::model::product::{Image, Product};
use crate::till::{Error, InventoryError, Till};

/// What a picture may do: look as it is drawn.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; \
                      frame-ancestors 'none'";

/// The path of a product's picture; `None` if it has none.
pub(super) fn path_of(web_session: &WebSession, product: &Product) -> Option<String> {
    let hash = HEXLOWER.encode(&product.image_hash?);
    Some(web_session.path(&format!("pictures/{hash}")))
}

/// How pictures of each kind begin, and what the kind is called. SVG is not among them: not every
/// program that shows pictures takes it, and it can have scripts in it.
const KINDS: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
];

/// The kind of picture that `bytes` are, by how they begin.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("webp");
    }
    KINDS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| *kind)
}

/// Why a file becomes no picture of a product.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BadPicture {
    /// It is no picture, or of a kind that not every browser shows.
    Kind,
    /// It has too many bytes.
    TooLarge,
}

/// The picture that is in a file.
pub(super) fn picture(bytes: &Bytes) -> Result<Image, BadPicture> {
    let kind = kind(bytes).ok_or(BadPicture::Kind)?;
    let url = format!("data:image/{kind};base64,{}", BASE64.encode(bytes));
    Image::parse(url).map_err(|_| BadPicture::TooLarge)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_how_it_begins() {
        for (start, name) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], "png"),
            (b"\xff\xd8\xff\xe0....", "jpeg"),
            (b"GIF89a....", "gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
        ] {
            let image = picture(&Bytes::copy_from_slice(start)).unwrap();
            assert!(image.as_str().starts_with(&format!("data:image/{name};base64,")), "{name}");
        }
        for bad in
            [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"RIFF....WAVE", b"\x89PN"]
        {
            assert_eq!(picture(&Bytes::copy_from_slice(bad)), Err(BadPicture::Kind));
        }
        let mut large = b"\xff\xd8\xff".to_vec();
        large.resize(460_000, 0);
        assert!(picture(&Bytes::from(large.clone())).is_ok());
        large.resize(461_000, 0);
        assert_eq!(picture(&Bytes::from(large)), Err(BadPicture::TooLarge));
    }
}
