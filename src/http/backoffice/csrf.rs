//! CSRF tokens of forms: derived from a secret of the browser, so that no other site has them.

use crate::till::ApiToken;
use ui::csrf::token;

pub(super) use ui::csrf::{fits, on_page};

/// The CSRF token of the forms of the web session with the token `key`.
pub(super) fn csrf_of_session(key: &ApiToken) -> String {
    token(key.reveal().as_bytes(), b"tilld back office form")
}

/// The CSRF token of the sign-in form of the browser with `cookie`.
pub(super) fn csrf_before_login(cookie: &str) -> String {
    token(cookie.as_bytes(), b"tilld sign-in form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_by_secret_and_purpose() {
        let key = |text| ApiToken::parse(text).unwrap();
        let one = csrf_of_session(&key("secret-token:A"));
        assert_eq!(one, csrf_of_session(&key("secret-token:A")));
        assert_eq!(one.len(), 52);
        assert_ne!(one, csrf_of_session(&key("secret-token:B")));
        assert_ne!(one, csrf_before_login("secret-token:A"));
    }
}
