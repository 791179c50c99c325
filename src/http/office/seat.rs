//! Whoever has signed in, and what every page says around its own matter.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};

use super::super::Settings;
use super::super::error::Failure;
use super::super::pages::Frame;
use super::{flash, form, go};
use crate::model::business_day::Calendar;
use crate::till::{self, Key, Terms};
use taler::amount::Amount;
use taler::time::Timestamp;
use ui::moment::Moment;
use ui::{Words, money};

/// A part of the back office that the navigation leads to.
#[derive(Clone, Copy, Debug)]
struct Tab {
    /// The first segment of its path below `/webui`.
    path: &'static str,
    text: fn(&Words) -> &'static str,
    /// Is it for the special instance only?
    for_admin: bool,
}

/// In the order in which they are shown.
const TABS: &[Tab] = &[
    Tab { path: CHECK_LIST, text: |words| words.tab_check_list, for_admin: false },
    Tab { path: "orders", text: |words| words.tab_orders, for_admin: false },
    Tab { path: "till", text: |words| words.tab_till, for_admin: false },
    Tab { path: "export", text: |words| words.tab_export, for_admin: false },
    Tab { path: "templates", text: |words| words.tab_templates, for_admin: false },
    Tab { path: "accounts", text: |words| words.tab_accounts, for_admin: false },
    Tab { path: "tokens", text: |words| words.tab_tokens, for_admin: false },
    Tab { path: "details", text: |words| words.tab_details, for_admin: false },
    Tab { path: "password", text: |words| words.password, for_admin: false },
    Tab { path: "status", text: |words| words.tab_status, for_admin: false },
    Tab { path: "exchanges", text: |words| words.exchanges, for_admin: true },
    Tab { path: "instances", text: |words| words.tab_instances, for_admin: true },
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

/// Whoever has signed in; `guard` makes one. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::http) struct Seat(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    clerk: till::Clerk,
    calendar: Calendar,
    frame: Frame,
    /// By which forms of this seat are known.
    seal: String,
    csrf: String,
    has_check_list: bool,
    tab: String,
    flash: Option<&'static str>,
}

impl Seat {
    pub(super) fn new(
        request: &HttpRequest,
        settings: &Settings,
        clerk: till::Clerk,
        key: &Key,
        page_id: &str,
        has_check_list: bool,
    ) -> Self {
        let frame = Frame::of(request, settings);
        let tab = request.path().trim_matches('/').split('/').nth(1).unwrap_or_default().to_owned();
        let flash = flash::of(request, frame.words());
        let seal = form::seal_of_seat(key);
        let csrf = form::on_page(&seal, page_id);
        let calendar = clerk.calendar();
        Self(Rc::new(Inner { clerk, calendar, seal, csrf, has_check_list, tab, flash, frame }))
    }

    /// Who may act for the shop.
    pub(super) fn clerk(&self) -> &till::Clerk {
        &self.0.clerk
    }

    /// What every page needs to know.
    pub(super) fn frame(&self) -> &Frame {
        &self.0.frame
    }

    /// Texts in the visitor's language.
    pub(super) fn words(&self) -> &'static Words {
        self.0.frame.words()
    }

    /// What shows that a form is one of this seat.
    pub(super) fn seal(&self) -> &str {
        &self.0.seal
    }

    /// What each form of this page must carry in its input `csrf`: the seal, and the page's id.
    pub(super) fn csrf(&self) -> &str {
        &self.0.csrf
    }

    /// What came of what was done just now.
    pub(super) fn flash(&self) -> Option<&'static str> {
        self.0.flash
    }

    /// Is the list shown of what there is to do at first?
    pub(super) fn has_check_list(&self) -> bool {
        self.0.has_check_list
    }

    /// The shop's name for people.
    pub(super) fn shop(&self) -> &str {
        &self.0.clerk.instance().settings.name
    }

    /// The navigation.
    pub(super) fn links(&self) -> Vec<Link> {
        let is_admin = self.0.clerk.instance().id.is_admin();
        TABS.iter()
            .filter(|tab| is_admin || !tab.for_admin)
            .filter(|tab| self.has_check_list() || tab.path != CHECK_LIST)
            .map(|tab| Link {
                href: self.path(tab.path),
                text: (tab.text)(self.words()),
                is_current: self.0.tab == tab.path,
            })
            .collect()
    }

    /// The path of `place` below `/webui`, for links and forms.
    pub(super) fn path(&self, place: &str) -> String {
        format!("{}webui/{place}", self.0.frame.root)
    }

    /// Sends the browser on to `place` below `/webui`, where it reads the message `said`, one of
    /// those in `flash`.
    pub(super) fn go(&self, place: &str, said: Option<&str>) -> HttpResponse {
        let said = said.map(|said| format!("?said={said}")).unwrap_or_default();
        go(self.frame(), &format!("webui/{place}{said}"))
    }

    /// An amount as the visitor reads it.
    pub(super) fn money(&self, amount: &Amount, terms: &Terms) -> String {
        money::show(amount, &terms.currencies, self.0.frame.visitor)
    }

    /// The shop's business days.
    pub(super) fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    /// An instant as the visitor reads it, in the shop's own time zone.
    pub(super) fn moment(&self, at: Timestamp) -> Moment {
        Moment::of(at, self.0.calendar.zone(), self.0.frame.visitor)
    }
}

impl FromRequest for Seat {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let seat = request.extensions().get::<Self>().cloned();
        ready(seat.ok_or_else(|| Failure::Bug("a page for those who signed in is open".into())))
    }
}
