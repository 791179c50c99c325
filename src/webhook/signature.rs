//! Signatures of calls, after Standard Webhooks 1.0.0 (webhooks 5.3).
//!
//! A receiver that knows the secret knows that the call is ours, that nobody changed it, and when it was made.
//! While a secret is replaced, each call has a signature by both.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::webhook::Secret;

/// The header `webhook-signature` of a call with this id, time in seconds since 1970, and body as it is sent: a
/// signature by each secret, the newest first.
pub(super) fn signature_header(secrets: &[Secret], id: &str, at_s: u64, body: &[u8]) -> String {
    let signatures: Vec<_> = secrets.iter().map(|secret| sign(secret, id, at_s, body)).collect();
    signatures.join(" ")
}

/// `v1,` and base64.
fn sign(secret: &Secret, id: &str, at_s: u64, body: &[u8]) -> String {
    // A key of any length is one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{id}.{at_s}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the scheme's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT_S: u64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_schemes_own_vector_is_signed_as_its_libraries_do() {
        let secret = [Secret::parse(SECRET).unwrap()];
        assert_eq!(signature_header(&secret, ID, AT_S, BODY), SIGNATURE);
        assert_ne!(signature_header(&secret, ID, AT_S + 1, BODY), SIGNATURE);
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign() {
        let (old, new) = (Secret::parse(SECRET).unwrap(), Secret::new([7; 32]).unwrap());
        let header = signature_header(&[new.clone(), old], ID, AT_S, BODY);
        let (by_new, by_old) = header.split_once(' ').unwrap();
        assert_eq!(by_old, SIGNATURE);
        assert_eq!(by_new, signature_header(&[new], ID, AT_S, BODY));
    }
}
