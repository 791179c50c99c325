//! Headers of requests (cookies, types of bodies) and of answers (what browsers may do with them).

use actix_web::cookie::Cookie;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// Adds what every answer says: it is of the type that it names, no cache keeps it, it may do what `policy`
/// (a content security policy) says, and `referrer` (a referrer policy) says to whom its address is told.
/// A page or a document that has said the last three itself keeps its own.
pub fn protect(headers: &mut HeaderMap, policy: &'static str, referrer: &'static str) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, referrer),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// Adds what a page for people says: it may do what `policy` says, no other page may show it in a frame, and
/// `referrer` says to whom its address is told.
pub fn protect_page(headers: &mut HeaderMap, policy: &'static str, referrer: &'static str) {
    let values: [(HeaderName, _); 3] =
        [(CONTENT_SECURITY_POLICY, policy), (X_FRAME_OPTIONS, "DENY"), (REFERRER_POLICY, referrer)];
    for (name, value) in values {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Whether the body is a form with the default encoding of browsers.
pub fn is_form(headers: &HeaderMap) -> bool {
    let reported = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = reported.and_then(|value| value.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The value of the first cookie called `name` that is not empty.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| Cookie::parse(pair.trim()).ok())
        .find(|cookie| cookie.name() == name && !cookie.value().is_empty())
        .map(|cookie| cookie.value().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn with(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_form_is_known_by_its_type_whatever_follows_it() {
        let is_form = |text| is_form(&with(&CONTENT_TYPE, &[text]));
        assert!(is_form("application/x-www-form-urlencoded"));
        assert!(is_form("Application/X-WWW-form-urlencoded ; charset=utf-8"));
        assert!(!is_form("multipart/form-data; boundary=x") && !is_form("application/json"));
        assert!(!super::is_form(&HeaderMap::new()));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        for cookies in
            [&["n=v"][..], &["a=b", "n=v"], &["a=b; n=v; c=d"], &["nn=1;n=v"], &["n=; n=v"]]
        {
            assert_eq!(cookie(&with(&COOKIE, cookies), "n").as_deref(), Some("v"), "{cookies:?}");
        }
        for cookies in [&[""][..], &["a=b"], &["n"], &["n="], &["nn=v"]] {
            assert_eq!(cookie(&with(&COOKIE, cookies), "n"), None, "{cookies:?}");
        }
    }
}
