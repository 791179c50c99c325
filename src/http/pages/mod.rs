//! Customers' pages: at the same addresses as the API for wallets.
//!
//! A client that prefers `text/html` gets a page where there is one, and an error page otherwise
//! (merchant-api 3.4). [`ui`] has the layout; the till has the content.

mod home;
mod items;
mod order;
mod problem;
mod template;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, ETAG,
    REFERRER_POLICY, VARY, X_FRAME_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::error::{Answer, Failure};
use super::etag;
use super::extract::{PathId, header};
use super::orders::TALER;
use super::origin::base_url;
use super::{Access, Settings, row_of};
use taler::ids::InstanceId;
use taler::web::BaseUrl;
use ui::accept::prefers_html;
use ui::files::File;
use ui::qr::{Qr, is_local};
use ui::{Locale, Messages, POLICY};

pub(super) use self::home::home;
pub(super) use self::order::order;
pub(super) use self::problem::{instead, problem};
pub(super) use self::template::{filled_in, template};

/// Whether this request comes from a browser that wants a page, at a path with pages.
pub(super) fn is_wanted(request: &HttpRequest) -> bool {
    let is_public = row_of(request).is_none_or(|row| row.access == Access::Public);
    is_public && header(request, ACCEPT).is_some_and(prefers_html)
}

/// What every page needs to know.
#[derive(Clone, Debug)]
pub(super) struct PageContext {
    /// The path of the daemon's root, as the browser sees it: `/`, or `/till/` behind a proxy.
    pub(super) root: String,
    /// Who reads.
    pub(super) locale: Locale,
    /// Whether this is a demonstration on this machine, which needs no notice about play money.
    pub(super) is_demo: bool,
}

impl PageContext {
    /// The frame of pages for `request`.
    pub(super) fn of(request: &HttpRequest, settings: &Settings) -> Self {
        let locale = Locale::of(header(request, ACCEPT_LANGUAGE).unwrap_or_default());
        // Without a host there is no telling; the page still finds its style where we usually are.
        let root = base_url(request, settings, &InstanceId::admin())
            .map_or_else(|_| "/".to_owned(), |url| path_of(&url));
        Self { root, locale, is_demo: settings.is_demo }
    }

    /// The path of `instance`, as the browser sees it. Forms lead there and not to the address that
    /// is configured: a browser that came by another one may not be sent to it by a form.
    pub(super) fn base_of(&self, instance: &InstanceId) -> String {
        match instance.is_admin() {
            true => self.root.clone(),
            false => format!("{}instances/{instance}/", self.root),
        }
    }

    /// Texts in the visitor's language.
    pub(super) fn messages(&self) -> &'static Messages {
        self.locale.messages()
    }

    /// The language's tag.
    pub(super) fn language(&self) -> &'static str {
        self.locale.language.tag()
    }
}

/// The path of `url`, with its slashes.
fn path_of(url: &BaseUrl) -> String {
    url.host_and_path().split_once('/').map_or("/".into(), |(_, path)| format!("/{path}"))
}

/// An address for a wallet, and its picture for the camera of another device.
#[derive(Clone, Debug)]
pub(super) struct Link<'a> {
    /// The address.
    pub(super) uri: String,
    /// Its picture; none if it is too long for one.
    pub(super) qr: Option<Qr>,
    /// What the picture is for, for those who do not see it.
    pub(super) label: &'a str,
    /// Does it name the machine that made it, so that no other device gets there?
    pub(super) is_local: bool,
}

impl<'a> Link<'a> {
    /// A link to `uri`.
    pub(super) fn to(uri: String, label: &'a str) -> Self {
        Self { qr: Qr::of(&uri), is_local: is_local(&uri), uri, label }
    }
}

/// The answer that shows `page`, with what a browser may do with it.
///
/// # Errors
/// [`Failure::Bug`] when the template cannot be filled in.
pub(super) fn shown(status: StatusCode, context: &PageContext, page: &impl Template) -> Answer {
    let html = page.render().map_err(|error| Failure::Bug(error.to_string()))?;
    Ok(HttpResponse::build(status)
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        // The address of a pay page holds the order's token.
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CONTENT_LANGUAGE, context.language()))
        .insert_header((VARY, "Accept, Accept-Language"))
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// `answer`, telling a wallet beside the browser what to open.
///
/// # Errors
/// [`Failure::Bug`] when the address is none that a header can hold.
pub(super) fn with_uri(mut answer: HttpResponse, uri: String) -> Answer {
    let value = uri.try_into().map_err(|_| Failure::Bug("an address that is no header".into()))?;
    answer.headers_mut().insert(TALER, value);
    Ok(answer)
}

/// `GET /files/$NAME`: style, scripts and pictures of all pages.
pub(super) async fn file(request: HttpRequest, PathId(name): PathId<String>) -> Answer {
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b)) {
        return Err(Failure::Segment);
    }
    let file = File::named(&name).ok_or(Failure::Path)?;
    let tag = file.tag();
    let is_known = etag::is_known(&request, &tag);
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // Another version of the program may have another text.
    answer.insert_header((ETAG, format!("\"{tag}\""))).insert_header((CACHE_CONTROL, "no-cache"));
    Ok(if is_known { answer.finish() } else { answer.content_type(file.kind).body(file.text) })
}
