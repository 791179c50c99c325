//! CSRF tokens of forms: derived from a secret that the browser or the server has, so that no other site
//! has them. Behind the token comes an id of the page that the form is on, by which a form that is sent
//! twice is known ([`crate::once`]).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use taler::base32;

/// The CSRF token of all forms of one browser for one purpose: 52 letters and digits. `secret` is known to
/// no other site, `purpose` tells its uses apart.
pub fn token(secret: &[u8], purpose: &[u8]) -> String {
    // HMAC takes keys of every length. No form is accepted for an empty token.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(purpose);
    base32::encode(&mac.finalize().into_bytes())
}

/// What the forms of the page with this id carry.
pub fn on_page(token: &str, page_id: &str) -> String {
    format!("{token}.{page_id}")
}

/// Whether a form carries `token`, whichever page it was on. `shown` is what it carries.
pub fn fits(shown: &str, token: &str) -> bool {
    let shown = shown.split('.').next().unwrap_or_default();
    !token.is_empty() && bool::from(shown.as_bytes().ct_eq(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_fits_whatever_page_of_the_browser_it_was_on() {
        let token = token(b"secret", b"form");
        assert_eq!(token.len(), 52);
        assert!(fits(&on_page(&token, "A"), &token) && fits(&on_page(&token, "B"), &token));
        assert!(fits(&token, &token));
        for other in ["", ".", ".A", &token[1..], &on_page("x", &token)] {
            assert!(!fits(other, &token), "{other}");
        }
        assert!(!fits("", "") && !fits(".A", ""));
    }

    #[test]
    fn tokens_differ_by_secret_and_purpose() {
        let one = token(b"secret", b"form");
        assert_eq!(one, token(b"secret", b"form"));
        assert_ne!(one, token(b"other", b"form"));
        assert_ne!(one, token(b"secret", b"other"));
    }
}
