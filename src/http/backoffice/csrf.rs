//! CSRF tokens of forms: derived from a secret of the browser, so that no other site has them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::till::ApiToken;
use taler::base32;

/// The CSRF token of the forms of the web session with the token `key`.
pub(super) fn csrf_of_session(key: &ApiToken) -> String {
    csrf_token(key.reveal(), b"tilld back office form")
}

/// The CSRF token of the sign-in form of the browser with `cookie`.
pub(super) fn csrf_before_login(cookie: &str) -> String {
    csrf_token(cookie, b"tilld sign-in form")
}

/// What the forms of the page with this id carry.
pub(super) fn on_page(csrf_base: &str, page_id: &str) -> String {
    format!("{csrf_base}.{page_id}")
}

fn csrf_token(secret: &str, what_for: &[u8]) -> String {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(what_for);
    base32::encode(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seals_differ_by_secret_and_purpose() {
        let key = |text| ApiToken::parse(text).unwrap();
        let one = csrf_of_session(&key("secret-token:A"));
        assert_eq!(one, csrf_of_session(&key("secret-token:A")));
        assert_eq!(one.len(), 52);
        assert_ne!(one, csrf_of_session(&key("secret-token:B")));
        assert_ne!(one, csrf_before_login("secret-token:A"));
    }
}
