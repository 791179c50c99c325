//! What all pages share: who reads, links for wallets, and the headers of a page.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_LANGUAGE, VARY};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::headers::header;
use super::super::orders::TALER;
use super::super::origin::base_url;
use super::super::routes::{Access, row_of};
use super::super::settings::Settings;
use net::header::protect_page;
use taler::ids::InstanceId;
use taler::web::BaseUrl;
use ui::accept::prefers_html;
use ui::qr::{Qr, is_local};
use ui::{Locale, Messages, POLICY};

/// Whether this request comes from a browser that wants a page, at a path with pages.
pub(in crate::http) fn is_wanted(request: &HttpRequest) -> bool {
    let is_public = row_of(request).is_none_or(|row| row.access == Access::Public);
    is_public && header(request, ACCEPT).is_some_and(prefers_html)
}

/// What every page needs to know.
#[derive(Clone, Debug)]
pub(in crate::http) struct PageContext {
    /// The path of the daemon's root, as the browser sees it: `/`, or `/till/` behind a proxy.
    pub(in crate::http) root: String,
    /// Who reads.
    pub(in crate::http) locale: Locale,
    /// Whether this is a demonstration on this machine, which needs no notice about play money.
    pub(in crate::http) is_demo: bool,
}

impl PageContext {
    /// The frame of pages for `request`.
    pub(in crate::http) fn of(request: &HttpRequest, settings: &Settings) -> Self {
        let locale = Locale::of(header(request, ACCEPT_LANGUAGE).unwrap_or_default());
        // Without a host there is no telling; the page still finds its style where we usually are.
        let root = base_url(request, settings, &InstanceId::admin())
            .map_or_else(|_| "/".to_owned(), |url| path_of(&url));
        Self { root, locale, is_demo: settings.is_demo }
    }

    /// The path of `instance`, as the browser sees it. Forms lead there and not to the address that
    /// is configured: a browser that came by another one may not be sent to it by a form.
    pub(in crate::http) fn base_of(&self, instance: &InstanceId) -> String {
        match instance.is_admin() {
            true => self.root.clone(),
            false => format!("{}instances/{instance}/", self.root),
        }
    }

    /// Texts in the visitor's language.
    pub(in crate::http) fn messages(&self) -> &'static Messages {
        self.locale.messages()
    }

    /// The language's tag.
    pub(in crate::http) fn language(&self) -> &'static str {
        self.locale.language.tag()
    }
}

/// The path of `url`, with its slashes.
fn path_of(url: &BaseUrl) -> String {
    url.host_and_path().split_once('/').map_or("/".into(), |(_, path)| format!("/{path}"))
}

/// An address for a wallet, and its picture for the camera of another device.
#[derive(Clone, Debug)]
pub(in crate::http) struct Link<'a> {
    /// The address.
    pub(in crate::http) uri: String,
    /// Its picture; none if it is too long for one.
    pub(in crate::http) qr: Option<Qr>,
    /// What the picture is for, for those who do not see it.
    pub(in crate::http) label: &'a str,
    /// Whether it names the machine that made it, so that no other device gets there.
    pub(in crate::http) is_local: bool,
}

impl<'a> Link<'a> {
    /// A link to `uri`.
    pub(in crate::http) fn to(uri: String, label: &'a str) -> Self {
        Self { qr: Qr::of(&uri), is_local: is_local(&uri), uri, label }
    }
}

/// The answer that shows `page`, with what a browser may do with it.
///
/// # Errors
/// [`Failure::Bug`] when the template cannot be filled in.
pub(in crate::http) fn shown(
    status: StatusCode,
    context: &PageContext,
    page: &impl Template,
) -> Answer {
    let html = page.render().map_err(|error| Failure::Bug(error.to_string()))?;
    let mut answer = HttpResponse::build(status)
        .insert_header((CONTENT_LANGUAGE, context.language()))
        .insert_header((VARY, "Accept, Accept-Language"))
        .content_type("text/html; charset=utf-8")
        .body(html);
    // The address of a pay page holds the order's token.
    protect_page(answer.headers_mut(), POLICY, "no-referrer");
    Ok(answer)
}

/// `answer`, telling a wallet beside the browser what to open.
///
/// # Errors
/// [`Failure::Bug`] when the address is none that a header can hold.
pub(in crate::http) fn with_uri(mut answer: HttpResponse, uri: String) -> Answer {
    let value = uri.try_into().map_err(|_| Failure::Bug("an address that is no header".into()))?;
    answer.headers_mut().insert(TALER, value);
    Ok(answer)
}
