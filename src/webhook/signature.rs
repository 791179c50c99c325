//! Signatures of calls, after Standard Webhooks 1.0.0 (webhooks 5.3).
//!
//! A receiver that knows the secret knows that the call is ours, that nobody changed it, and when it was made.
//! While a secret is replaced, each call has a signature by both.

use std::fmt;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use system::{NoRandomness, random};
use taler::text::bad_text;
use zeroize::Zeroizing;

/// What the text of a secret begins with.
const PREFIX: &str = "whsec_";
/// Shortest and longest secret, in bytes, as the scheme has it.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes of a secret that is made here: as many as the signature has.
const FRESH: usize = 32;

bad_text! {
    /// A text or bytes that are no secret of a webhook.
    BadSecret
}

/// What calls of a webhook are signed with.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self(Zeroizing::new(random::<FRESH>()?.to_vec())))
    }

    /// One that was kept.
    ///
    /// # Errors
    /// [`BadSecret`] when it is too short or too long.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, BadSecret> {
        let bytes = Zeroizing::new(bytes);
        match LENGTHS.contains(&bytes.len()) {
            true => Ok(Self(bytes)),
            false => Err(BadSecret("a secret of a webhook has 24 to 64 bytes")),
        }
    }

    /// Reads the text that receivers are given: `whsec_` and base64.
    ///
    /// # Errors
    /// [`BadSecret`].
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let bytes = text.strip_prefix(PREFIX).and_then(|text| BASE64.decode(text.as_bytes()).ok());
        Self::from_bytes(bytes.ok_or(BadSecret("a secret of a webhook is whsec_ and base64"))?)
    }

    /// The bytes, for the one who keeps them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, for the one to whom the secret is given.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", BASE64.encode(&self.0)))
    }

    /// The signature of a call: `v1,` and base64.
    fn sign(&self, id: &str, at_s: u64, body: &[u8]) -> String {
        // A key of any length is one.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{id}.{at_s}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The header `webhook-signature` of a call with this id, time in seconds since 1970, and body as it is sent: a
/// signature by each secret, the newest first.
pub fn signature_header(secrets: &[Secret], id: &str, at_s: u64, body: &[u8]) -> String {
    let signatures: Vec<_> = secrets.iter().map(|secret| secret.sign(id, at_s, body)).collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The vector of the scheme's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_schemes_own_vector_is_signed_as_its_libraries_do() {
        let secret = Secret::parse(SECRET).unwrap();
        assert_eq!(
            signature_header(std::slice::from_ref(&secret), ID, 1_614_265_330, BODY),
            SIGNATURE
        );
        assert_ne!(
            signature_header(std::slice::from_ref(&secret), ID, 1_614_265_331, BODY),
            SIGNATURE
        );
        assert_eq!(secret.reveal().as_str(), SECRET);
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign() {
        let (old, new) = (Secret::parse(SECRET).unwrap(), Secret::generate().unwrap());
        let header = signature_header(&[new.clone(), old], ID, 1_614_265_330, BODY);
        let (by_new, by_old) = header.split_once(' ').unwrap();
        assert_eq!(by_old, SIGNATURE);
        assert_eq!(by_new, signature_header(&[new], ID, 1_614_265_330, BODY));
    }

    #[test]
    fn a_secret_has_the_length_of_the_scheme_and_never_prints() {
        for length in [23, 65] {
            assert!(Secret::from_bytes(vec![0; length]).is_err());
        }
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", "whsec_AAAA"] {
            assert!(Secret::parse(text).is_err(), "{text}");
        }
        let secret = Secret::generate().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_ne!(secret, Secret::generate().unwrap());
    }

    proptest! {
        #[test]
        fn text_and_bytes_give_the_secret_back(bytes in proptest::collection::vec(any::<u8>(), 24..=64)) {
            let secret = Secret::from_bytes(bytes).unwrap();
            prop_assert_eq!(&Secret::parse(&secret.reveal()).unwrap(), &secret);
            prop_assert_eq!(Secret::from_bytes(secret.as_bytes().to_vec()).unwrap(), secret);
        }
    }
}
