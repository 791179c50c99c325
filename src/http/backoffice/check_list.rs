//! The check list of steps before the first payment: the first page of the back office until all of
//! them are done. The status page shows the same states.

use std::collections::BTreeSet;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::origin::base_url;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::{go, shown};
use super::form::Form;
use super::web_session::WebSession;
use crate::till::{Findings, ShopStatus, Step, Till};
use taler::time::Timestamp;
use ui::messages::{Messages, filled};

/// One thing to do.
struct Row {
    title: &'static str,
    is_done: bool,
    /// What is the case, or what is missing.
    text: String,
    /// The page where it is done, below `/webui`; `None` if the operator must do it.
    place: Option<&'static str>,
    button: &'static str,
}

#[derive(Template)]
#[template(path = "http/backoffice/check_list.html")]
struct Page<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    rows: Vec<Row>,
    is_done: bool,
    is_hidden: bool,
}

/// The list for this web session.
struct List<'a> {
    messages: &'static Messages,
    status: &'a ShopStatus,
    findings: &'a Findings,
    /// What prices are in.
    currency: String,
    name: &'a str,
    now: Timestamp,
    /// Whether they look after the till itself.
    is_operator: bool,
}

impl List<'_> {
    fn rows(&self) -> Vec<Row> {
        let all = [
            Step::Name,
            Step::Exchange,
            Step::Currency,
            Step::Account,
            Step::Address,
            Step::Backup,
        ];
        // Address and backups are the operator's.
        let mine = |step: &Step| self.is_operator || !matches!(step, Step::Address | Step::Backup);
        all.into_iter().filter(mine).map(|step| self.row(step)).collect()
    }

    fn row(&self, step: Step) -> Row {
        let (messages, status) = (self.messages, self.status);
        let operators = |place| self.is_operator.then_some(place);
        let missing = self.missing(step);
        let (title, place, button, good) = match step {
            Step::Name => {
                (messages.step_name, Some("details"), messages.tab_details, self.name.to_owned())
            }
            Step::Exchange => {
                let ready = status.exchanges.iter().filter(|one| one.is_ready(self.now));
                let urls: Vec<_> = ready.map(|one| one.base_url.as_str()).collect();
                (
                    messages.step_exchange,
                    operators("exchanges"),
                    messages.step_to_exchanges,
                    urls.join(", "),
                )
            }
            Step::Currency => {
                let text = filled(messages.step_currency_is, &[&self.currency]);
                (messages.currency, operators("exchanges"), messages.step_to_exchanges, text)
            }
            Step::Account => {
                let text = filled(messages.step_accounts, &[&status.accounts.len().to_string()]);
                (messages.step_account, Some("accounts"), messages.step_to_accounts, text)
            }
            Step::Address => {
                let text = messages.step_address_good.to_owned();
                (messages.step_address, operators("status#address"), messages.step_how, text)
            }
            Step::Backup => {
                let text = messages.step_backup_good.to_owned();
                (messages.step_backup, operators("status#backup"), messages.step_how, text)
            }
        };
        let is_done = missing.is_none();
        let text = missing.unwrap_or(good);
        Row { title, is_done, text, place, button }
    }

    /// What is not done of this; `None` if it is done.
    fn missing(&self, step: Step) -> Option<String> {
        let (messages, findings, status) = (self.messages, self.findings, self.status);
        let missing = match step {
            Step::Name => findings.is_unnamed().then_some(messages.step_name_missing),
            Step::Exchange if findings.has_no_exchange() => Some(match self.is_operator {
                true => messages.step_exchange_missing,
                false => messages.step_exchange_operator,
            }),
            Step::Exchange => {
                findings.are_exchanges_silent().then_some(messages.warn_exchanges_silent)
            }
            Step::Currency if findings.has_no_exchange() => {
                return Some(filled(messages.step_currency_open, &[&self.currency]));
            }
            Step::Currency => None,
            Step::Account if findings.has_no_account() => Some(messages.no_account),
            Step::Account if findings.can_nobody_pay() => {
                let methods = status.exchanges.iter().flat_map(|one| &one.wire_methods);
                let kinds: BTreeSet<_> = methods.map(String::as_str).collect();
                let kinds: Vec<_> = kinds.into_iter().collect();
                return Some(filled(messages.step_account_unpayable, &[&kinds.join(", ")]));
            }
            Step::Account => findings.is_identification_required().then_some(messages.warn_kyc),
            Step::Address if findings.is_local() => Some(messages.warn_this_machine),
            Step::Address => findings.is_plain().then_some(messages.warn_plain),
            Step::Backup => {
                findings.is_backup_old().unwrap_or(true).then_some(messages.warn_backup)
            }
        };
        missing.map(str::to_owned)
    }
}

async fn rows(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    web_session: &WebSession,
) -> Result<Vec<Row>, Failure> {
    let instance = web_session.principal().instance();
    let url = base_url(request, settings, &instance.id)?;
    let (status, findings) = till.shop_findings(web_session.principal(), &url).await?;
    let list = List {
        messages: web_session.messages(),
        status: &status,
        findings: &findings,
        currency: till.default_currency().to_string(),
        name: &instance.settings.name,
        now: till.now(),
        is_operator: instance.id.is_admin(),
    };
    Ok(list.rows())
}

/// `GET /webui/check-list`.
pub(in crate::http) async fn page(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
) -> Answer {
    let rows = rows(&request, &till, &settings, &web_session).await?;
    let page = Page {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session: &web_session,
        is_done: rows.iter().all(|row| row.is_done),
        rows,
        is_hidden: !till.shows_check_list(web_session.principal())?,
    };
    shown(StatusCode::OK, web_session.context(), &page)
}

/// `POST /webui/check-list`: it is put away.
pub(in crate::http) async fn hide(
    till: Data<Till>,
    web_session: WebSession,
    _form: Form,
) -> Answer {
    till.hide_check_list(web_session.principal()).await?;
    Ok(web_session.go("orders", Some("list-hidden")))
}

/// `GET /webui`: the first page, which is the list until all is done or it is put away.
pub(in crate::http) async fn home(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
) -> Answer {
    if web_session.cashier().is_some() {
        return Ok(go(web_session.context(), "webui/till"));
    }
    let is_open = web_session.has_check_list()
        && rows(&request, &till, &settings, &web_session).await?.iter().any(|row| !row.is_done);
    let place = if is_open { "webui/check-list" } else { "webui/orders" };
    Ok(go(web_session.context(), place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::till::{ExchangeState, Machine, StorageInfo};
    use taler::web::BaseUrl;
    use ui::messages::{ENGLISH, GERMAN};

    fn now() -> Timestamp {
        Timestamp::from_secs(1_000_000).unwrap()
    }

    fn bare() -> ShopStatus {
        ShopStatus {
            last_payment: None,
            accounts: Vec::new(),
            is_unnamed: true,
            exchanges: Vec::new(),
            kyc: Vec::new(),
            webhooks: Vec::new(),
            has_lost_events: false,
            is_time_sure: true,
            machine: Some(Machine { polls: 0, storage: StorageInfo::default() }),
        }
    }

    fn findings(status: &ShopStatus, url: &str) -> Findings {
        Findings::of(status, &BaseUrl::parse(url).unwrap(), now())
    }

    fn list<'a>(status: &'a ShopStatus, findings: &'a Findings, is_operator: bool) -> List<'a> {
        let (messages, currency) = (&ENGLISH, "KUDOS".to_owned());
        List { messages, status, findings, currency, name: "Bar", now: now(), is_operator }
    }

    #[test]
    fn everything_is_missing_at_first_and_says_where_it_is_done() {
        let status = bare();
        let findings = findings(&status, "http://localhost/");
        let rows = list(&status, &findings, true).rows();
        assert_eq!(rows.len(), 6);
        for row in &rows {
            assert!(!row.is_done && row.place.is_some() && !row.text.is_empty(), "{}", row.title);
        }
        // Steps for the operator are not shown to a shopkeeper.
        let rows = list(&status, &findings, false).rows();
        let places: Vec<_> = rows.iter().map(|row| row.place).collect();
        assert_eq!(places, [Some("details"), None, None, Some("accounts")]);
        assert_eq!(rows[1].text, ENGLISH.step_exchange_operator);
        assert_ne!(GERMAN.step_exchange_operator, ENGLISH.step_exchange_operator);
    }

    #[test]
    fn a_step_is_done_by_the_findings_that_the_status_page_shows() {
        let mut status = bare();
        let at = |status: &ShopStatus, url, step| {
            list(status, &findings(status, url), true).missing(step)
        };
        let missing = |status: &ShopStatus, step| at(status, "https://shop.example/", step);
        status.is_unnamed = false;
        assert_eq!(missing(&status, Step::Name), None);
        let silent = ExchangeState {
            base_url: BaseUrl::parse("https://exchange.example/").unwrap(),
            fetched_at: None,
            expires: None,
            next_download: now(),
            failure: None,
            wire_methods: BTreeSet::new(),
        };
        status.exchanges = vec![silent];
        let said = missing(&status, Step::Exchange);
        assert_eq!(said.as_deref(), Some(ENGLISH.warn_exchanges_silent));
        assert_eq!(missing(&status, Step::Currency), None);
        status.exchanges[0].expires = Some(Timestamp::NEVER);
        assert_eq!(missing(&status, Step::Exchange), None);
        assert_eq!(missing(&status, Step::Address), None);
        assert!(missing(&status, Step::Backup).is_some());
        status.machine = Some(Machine {
            polls: 0,
            storage: StorageInfo { last_backup: Some(now()), ..StorageInfo::default() },
        });
        assert_eq!(missing(&status, Step::Backup), None);
        let plain = at(&status, "http://shop.example/", Step::Address);
        assert_eq!(plain.as_deref(), Some(ENGLISH.warn_plain));
        let here = at(&status, "http://localhost/", Step::Address);
        assert_eq!(here.as_deref(), Some(ENGLISH.warn_this_machine));
    }
}
