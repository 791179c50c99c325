//! Pictures of products in the back office: kept from files that people choose, shown to those who have signed in.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use super::super::error::{Answer, Failure};
use super::super::extract::PathId;
use super::web_session::WebSession;
use crate::model::product::Image;
use crate::till::{InventoryError, Till};

/// How pictures of each kind begin, and what the kind is called. SVG is not among them: it can have scripts in it.
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

/// `GET /webui/pictures/$HASH`. The hash is that of its content, so it never changes.
pub(in crate::http) async fn show(
    till: Data<Till>,
    _web_session: WebSession,
    PathId(hash): PathId<String>,
) -> Answer {
    let unknown = || Failure::from(crate::till::Error::from(InventoryError::ImageUnknown));
    let hash = HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).ok();
    let hash = hash.and_then(|hash| hash.try_into().ok()).ok_or_else(unknown)?;
    let image = till.image(hash).await?;
    let bytes = BASE64.decode(image.data().as_bytes()).map_err(|_| unknown())?;
    // What it says of itself may be wrong: programs have written it.
    let kind = kind(&bytes).ok_or_else(unknown)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format!("image/{kind}")))
        .insert_header((CACHE_CONTROL, "private, max-age=31536000, immutable"))
        .body(bytes))
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
