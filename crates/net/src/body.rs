//! Bodies of requests: read and inflated up to a limit.

use std::future::ready;
use std::io::Read;

use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

/// Why there is no body to be had.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadBody {
    /// It is longer than the limit, as it was sent or inflated.
    TooLong,
    /// The client hung up in the middle of it.
    Broken,
    /// It is not packed as it says.
    Compression,
}

/// All of `payload`, if it is no more than `limit` bytes. What follows a body that is too long stays in
/// `payload`.
///
/// # Errors
/// [`BadBody::TooLong`], [`BadBody::Broken`].
pub async fn gather(payload: &mut Payload, limit: usize) -> Result<BytesMut, BadBody> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| BadBody::Broken)?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(BadBody::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The bytes that `unpacker` gives, if they are no more than `limit`.
///
/// # Errors
/// [`BadBody::TooLong`], [`BadBody::Compression`].
pub fn inflate(unpacker: impl Read, limit: usize) -> Result<Vec<u8>, BadBody> {
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    unpacker.take(most).read_to_end(&mut plain).map_err(|_| BadBody::Compression)?;
    if plain.len() > limit { Err(BadBody::TooLong) } else { Ok(plain) }
}

/// `bytes` as a body that is still to be read.
pub fn whole(bytes: Bytes) -> Payload {
    Payload::Stream { payload: Box::pin(stream::once(ready(Ok(bytes)))) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::read::ZlibDecoder;
    use flate2::write::ZlibEncoder;

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let body = || whole(Bytes::from_static(b"0123456789"));
        assert_eq!(&*gather(&mut body(), 10).await.unwrap(), b"0123456789");
        assert_eq!(gather(&mut body(), 9).await, Err(BadBody::TooLong));
    }

    #[test]
    fn what_is_packed_small_is_not_inflated_beyond_the_limit() {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&[0; 100_000]).unwrap();
        let packed = packer.finish().unwrap();
        let inflate = |bytes: &[u8], limit| inflate(ZlibDecoder::new(bytes), limit);
        assert_eq!(inflate(&packed, 100_000).unwrap().len(), 100_000);
        assert_eq!(inflate(&packed, 99_999), Err(BadBody::TooLong));
        assert_eq!(inflate(b"no such thing", 10), Err(BadBody::Compression));
    }
}
