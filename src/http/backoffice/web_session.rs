//! The web session of a request, and the frame of every page of the back office.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};

use super::super::error::Failure;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::go;
use super::{csrf, flash};
use crate::model::business_day::Calendar;
use crate::till::{self, ApiToken, Policy};
use taler::amount::Amount;
use taler::time::Timestamp;
use ui::formatted_time::FormattedTime;
use ui::{Messages, money};

/// A part of the back office that the navigation leads to.
#[derive(Clone, Copy, Debug)]
struct Tab {
    /// The first segment of its path below `/webui`.
    path: &'static str,
    text: fn(&Messages) -> &'static str,
    /// Whether it is for the special instance only.
    for_admin: bool,
}

/// The parts that a cashier sees.
const CASHIERS_TABS: &[&str] = &["till", TODAY];

/// The path of today's sales, which only cashiers need: the owner sees all orders.
const TODAY: &str = "today";

/// In the order in which they are shown.
const TABS: &[Tab] = &[
    Tab { path: CHECK_LIST, text: |messages| messages.tab_check_list, for_admin: false },
    Tab { path: "orders", text: |messages| messages.tab_orders, for_admin: false },
    Tab { path: "till", text: |messages| messages.tab_till, for_admin: false },
    Tab { path: "products", text: |messages| messages.tab_products, for_admin: false },
    Tab { path: TODAY, text: |messages| messages.today, for_admin: false },
    Tab { path: "cashiers", text: |messages| messages.tab_cashiers, for_admin: false },
    Tab { path: "export", text: |messages| messages.tab_export, for_admin: false },
    Tab { path: "templates", text: |messages| messages.tab_templates, for_admin: false },
    Tab { path: "otp-devices", text: |messages| messages.tab_otp_devices, for_admin: false },
    Tab { path: "accounts", text: |messages| messages.tab_accounts, for_admin: false },
    Tab { path: "tokens", text: |messages| messages.tab_tokens, for_admin: false },
    Tab { path: "webhooks", text: |messages| messages.tab_webhooks, for_admin: false },
    Tab { path: "details", text: |messages| messages.tab_details, for_admin: false },
    Tab { path: "password", text: |messages| messages.password, for_admin: false },
    Tab { path: "status", text: |messages| messages.tab_status, for_admin: false },
    Tab { path: "exchanges", text: |messages| messages.exchanges, for_admin: true },
    Tab { path: "instances", text: |messages| messages.tab_instances, for_admin: true },
];

/// The path of what there is to do at first, which is the first tab as long as it is wanted.
const CHECK_LIST: &str = "check-list";

/// A link of the navigation.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) href: String,
    pub(super) text: &'static str,
    pub(super) is_current: bool,
}

/// A web session; `guard` creates it. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::http) struct WebSession(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    principal: till::Principal,
    calendar: Calendar,
    context: PageContext,
    /// The CSRF token of this web session's forms.
    csrf_base: String,
    csrf: String,
    has_check_list: bool,
    tab: String,
    flash: Option<&'static str>,
}

impl WebSession {
    pub(super) fn new(
        request: &HttpRequest,
        settings: &Settings,
        principal: till::Principal,
        key: &ApiToken,
        page_id: &str,
        has_check_list: bool,
    ) -> Self {
        let context = PageContext::of(request, settings);
        let tab = request.path().trim_matches('/').split('/').nth(1).unwrap_or_default().to_owned();
        let flash = flash::of(request, context.messages());
        let csrf_base = csrf::csrf_of_session(key);
        let csrf = csrf::on_page(&csrf_base, page_id);
        let calendar = principal.calendar();
        Self(Rc::new(Inner {
            principal,
            calendar,
            csrf_base,
            csrf,
            has_check_list,
            tab,
            flash,
            context,
        }))
    }

    /// Who may act for the shop.
    pub(super) fn principal(&self) -> &till::Principal {
        &self.0.principal
    }

    /// What every page needs to know.
    pub(super) fn context(&self) -> &PageContext {
        &self.0.context
    }

    /// Texts in the visitor's language.
    pub(super) fn messages(&self) -> &'static Messages {
        self.0.context.messages()
    }

    /// The CSRF token of this web session's forms.
    pub(super) fn csrf_base(&self) -> &str {
        &self.0.csrf_base
    }

    /// The input `csrf` of each form of this page: the CSRF token and the page's id.
    pub(super) fn csrf(&self) -> &str {
        &self.0.csrf
    }

    /// What came of what was done just now.
    pub(super) fn flash(&self) -> Option<&'static str> {
        self.0.flash
    }

    /// Whether the check list of first steps is shown.
    pub(super) fn has_check_list(&self) -> bool {
        self.0.has_check_list
    }

    /// The shop's name for people.
    pub(super) fn shop(&self) -> &str {
        &self.0.principal.instance().settings.name
    }

    /// The cashier who has signed in; `None`: the owner.
    pub(super) fn cashier(&self) -> Option<&str> {
        self.0.principal.cashier()
    }

    /// The navigation.
    pub(super) fn links(&self) -> Vec<Link> {
        let is_admin = self.0.principal.instance().id.is_admin();
        TABS.iter()
            .filter(|tab| is_admin || !tab.for_admin)
            .filter(|tab| match self.cashier() {
                Some(_) => CASHIERS_TABS.contains(&tab.path),
                None => tab.path != TODAY,
            })
            .filter(|tab| self.has_check_list() || tab.path != CHECK_LIST)
            .map(|tab| Link {
                href: self.path(tab.path),
                text: (tab.text)(self.messages()),
                is_current: self.0.tab == tab.path,
            })
            .collect()
    }

    /// The path of `place` below `/webui`, for links and forms.
    pub(super) fn path(&self, place: &str) -> String {
        format!("{}webui/{place}", self.0.context.root)
    }

    /// Sends the browser on to `place` below `/webui`, where it reads the message `said`, one of
    /// those in `flash`.
    pub(super) fn go(&self, place: &str, said: Option<&str>) -> HttpResponse {
        let said = said.map(|said| format!("?said={said}")).unwrap_or_default();
        go(self.context(), &format!("webui/{place}{said}"))
    }

    /// An amount as the visitor reads it.
    pub(super) fn money(&self, amount: &Amount, terms: &Policy) -> String {
        money::show(amount, &terms.currencies, self.0.context.locale)
    }

    /// The shop's business days.
    pub(super) fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    /// An instant as the visitor reads it, in the shop's own time zone.
    pub(super) fn formatted_time(&self, at: Timestamp) -> FormattedTime {
        FormattedTime::of(at, self.0.calendar.zone(), self.0.context.locale)
    }
}

impl FromRequest for WebSession {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let web_session = request.extensions().get::<Self>().cloned();
        ready(
            web_session
                .ok_or_else(|| Failure::Bug("a page for those who signed in is open".into())),
        )
    }
}
