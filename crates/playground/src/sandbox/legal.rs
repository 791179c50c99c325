//! `/terms` and `/privacy`: what a wallet shows before its first withdrawal.

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderName, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse};

use taler::{base32, hash};

/// Tells a wallet whether its owner has accepted these terms before.
const VERSION: HeaderName = HeaderName::from_static("taler-terms-version");

/// In which languages there is a text.
const LANGUAGES: HeaderName = HeaderName::from_static("avail-languages");

/// A text that wallets show.
pub(super) struct Text {
    version: &'static str,
    text: &'static str,
}

/// The terms of service.
pub(super) const TERMS: Text = Text {
    version: "sandbox-v1",
    text: "\
Terms of a sandbox exchange

This exchange is a demonstration. It deals in play money, which is worth nothing and cannot be changed
into money. It may end at any time, and all play money with it. Nobody owes anybody anything.
",
};

/// The privacy policy.
pub(super) const PRIVACY: Text = Text {
    version: "sandbox-v1",
    text: "\
Privacy of a sandbox exchange

This exchange is a demonstration. It keeps what the protocol needs: reserves, coins that were spent, and
what they paid, in one file on the machine that it runs on. It sends nothing to anybody else.
",
};

impl Text {
    /// The text, or that it has not changed.
    pub(super) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let tag = base32::encode(hash::shorten(&hash::sha512(self.text.as_bytes())).as_ref());
        let etag = format!("\"{tag}\"");
        let is_known = is_listed(request, &etag);
        let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        answer.insert_header((ETAG, etag));
        answer.insert_header((VERSION, self.version));
        answer.insert_header((CACHE_CONTROL, "no-cache"));
        match is_known {
            true => answer.finish(),
            false => answer
                .insert_header((LANGUAGES, "en"))
                .content_type("text/plain; charset=utf-8")
                .body(self.text),
        }
    }
}

/// Whether the request's `If-None-Match` has this tag: what the client has is what there is.
pub(super) fn is_listed(request: &HttpRequest, etag: &str) -> bool {
    let lists = request.headers().get_all(IF_NONE_MATCH);
    lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(',')).any(|one| {
        let one = one.trim();
        one == "*"
            || one.strip_prefix("W/").unwrap_or(one).trim_matches('"') == etag.trim_matches('"')
    })
}
