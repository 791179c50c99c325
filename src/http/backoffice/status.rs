//! The status page: health of the shop and the daemon.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::Answer;
use super::super::origin::base_url;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::accounts;
use super::answer::shown;
use super::web_session::WebSession;
use crate::till::{ExchangeState, Findings, Kyc, KycStatus, Machine, Till};
use taler::payto::Payto;
use taler::time::Timestamp;
use ui::formatted_time::FormattedTime;
use ui::{Locale, Messages};

/// A megabyte, as disks are sold.
const MB: u64 = 1_000_000;

/// State of the daemon, for its operator.
struct DaemonFigures {
    polls: usize,
    last_backup: Option<FormattedTime>,
    free: String,
    database: String,
}

/// State of an exchange.
pub(super) struct ExchangeFigures {
    url: String,
    pub(super) is_good: bool,
    pub(super) word: &'static str,
    fetched: Option<FormattedTime>,
    pub(super) failure: Option<(FormattedTime, String)>,
}

/// Whether an exchange pays to an account.
struct Payout {
    exchange: String,
    account: String,
    text: &'static str,
    transfer: Option<Transfer>,
}

/// The transfer that the exchange wants, as it is typed into a bank's form.
struct Transfer {
    to: String,
    holder: String,
    amount: String,
    subject: String,
    from: String,
    from_holder: String,
}

#[derive(Template)]
#[template(path = "http/backoffice/status.html")]
struct StatusPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    warnings: Vec<&'static str>,
    version: &'static str,
    base_url: String,
    last_payment: Option<FormattedTime>,
    accounts: usize,
    webhooks: usize,
    failing_webhooks: usize,
    machine: Option<DaemonFigures>,
    exchanges: Vec<ExchangeFigures>,
    payouts: Vec<Payout>,
}

/// `GET /webui/status`.
pub(in crate::http) async fn page(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
) -> Answer {
    let (messages, now) = (web_session.messages(), till.now());
    let base_url = base_url(&request, &settings, &web_session.principal().instance().id)?;
    let (status, findings) = till.shop_findings(web_session.principal(), &base_url).await?;
    let locale = web_session.context().locale;
    let machine = status.machine.map(|Machine { polls, storage }| DaemonFigures {
        polls,
        last_backup: storage.last_backup.map(|at| web_session.formatted_time(at)),
        free: storage.free_bytes.map_or(messages.not_known.to_owned(), |free| size(free, locale)),
        database: size(storage.database_bytes, locale),
    });
    let page = StatusPage {
        context: web_session.context(),
        messages,
        web_session: &web_session,
        warnings: warnings(&findings, settings.is_demo, messages),
        version: env!("CARGO_PKG_VERSION"),
        base_url: base_url.to_string(),
        last_payment: status.last_payment.map(|at| web_session.formatted_time(at)),
        accounts: status.accounts.len(),
        webhooks: status.webhooks.len(),
        failing_webhooks: status.webhooks.iter().filter(|state| !state.is_good()).count(),
        machine,
        exchanges: status.exchanges.iter().map(|one| exchange(one, &web_session, now)).collect(),
        payouts: status.kyc.iter().map(|kyc| payout(kyc, &web_session, &till)).collect(),
    };
    shown(StatusCode::OK, web_session.context(), &page)
}

/// So many bytes, rounded down to tenths of what disks are measured in.
fn size(bytes: u64, locale: Locale) -> String {
    let (unit, name) = if bytes < 1000 * MB { (MB, "MB") } else { (1000 * MB, "GB") };
    let tenths = bytes / (unit / 10);
    format!("{}{}{}\u{a0}{name}", tenths / 10, locale.decimal, tenths % 10)
}

/// What the operator should see to, the gravest first.
fn warnings(findings: &Findings, is_demo: bool, messages: &Messages) -> Vec<&'static str> {
    // A demonstration is meant for this machine.
    let is_local = findings.is_local() && !is_demo;
    let checks = [
        (findings.has_no_account(), messages.no_account),
        (findings.has_no_exchange(), messages.warn_no_exchange),
        (findings.are_exchanges_silent(), messages.warn_exchanges_silent),
        (findings.is_identification_required(), messages.warn_kyc),
        (findings.is_disk_nearly_full(), messages.warn_disk),
        (findings.does_webhook_fail(), messages.warn_webhooks),
        (findings.has_lost_events(), messages.warn_webhooks_lost),
        (findings.is_clock_doubtful(), messages.warn_clock),
        (is_local, messages.warn_this_machine),
        (findings.is_plain() && !is_local, messages.warn_plain),
        (findings.is_backup_old() == Some(true), messages.warn_backup),
    ];
    checks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, text)| text).collect()
}

pub(super) fn exchange(
    state: &ExchangeState,
    web_session: &WebSession,
    now: Timestamp,
) -> ExchangeFigures {
    let messages = web_session.messages();
    let is_good = state.is_ready(now);
    let word = match (is_good, state.expires, &state.failure) {
        (true, ..) => messages.exchange_ready,
        (false, Some(_), _) => messages.exchange_stale,
        (false, None, Some(_)) => messages.exchange_silent,
        (false, None, None) => messages.exchange_unasked,
    };
    let failure = state.failure.as_ref();
    ExchangeFigures {
        url: state.base_url.to_string(),
        is_good,
        word,
        fetched: state.fetched_at.map(|at| web_session.formatted_time(at)),
        failure: failure
            .map(|failure| (web_session.formatted_time(failure.at), failure.reason.clone())),
    }
}

fn payout(kyc: &Kyc, web_session: &WebSession, till: &Till) -> Payout {
    let messages = web_session.messages();
    let holder = |payto: &Payto| payto.receiver_name().unwrap_or_default();
    let transfer = kyc.transfers.first().map(|transfer| Transfer {
        to: accounts::number(&transfer.to),
        holder: holder(&transfer.to),
        amount: web_session.money(&transfer.amount, till.policy()),
        subject: transfer.subject.clone(),
        from: accounts::number(&transfer.from),
        from_holder: holder(&transfer.from),
    });
    Payout {
        transfer,
        exchange: kyc.exchange_url.to_string(),
        account: kyc.account.payto_uri.normalized(),
        text: match kyc.status {
            KycStatus::Ready => messages.kyc_ready,
            KycStatus::Required => messages.kyc_required,
            KycStatus::WireRequired => messages.kyc_wire_required,
            KycStatus::WireImpossible => messages.kyc_wire_impossible,
            KycStatus::NoKeys
            | KycStatus::Unreachable
            | KycStatus::Timeout
            | KycStatus::ExchangeInternal => messages.kyc_unknown,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::till::{ShopStatus, StorageInfo, WebhookState};
    use taler::web::BaseUrl;
    use ui::messages::ENGLISH;

    const LITTLE: u64 = 100 * MB;

    #[test]
    fn sizes_are_told_in_megabytes_or_gigabytes() {
        let of = |bytes, language| size(bytes, Locale::of(language));
        assert_eq!(of(0, "en"), "0.0\u{a0}MB");
        assert_eq!(of(1_250_000, "de"), "1,2\u{a0}MB");
        assert_eq!(of(999_999_999, "en"), "999.9\u{a0}MB");
        assert_eq!(of(31_990_000_000, "de"), "31,9\u{a0}GB");
    }

    #[test]
    fn the_keeper_is_warned_of_what_is_missing_or_running_out() {
        let now = Timestamp::from_secs(1_000_000).unwrap();
        let status = |free, backup: u64| ShopStatus {
            last_payment: None,
            accounts: Vec::new(),
            is_unnamed: false,
            exchanges: Vec::new(),
            kyc: Vec::new(),
            webhooks: Vec::new(),
            has_lost_events: false,
            is_time_sure: true,
            machine: Some(Machine {
                polls: 0,
                storage: StorageInfo {
                    database_bytes: 1,
                    free_bytes: Some(free),
                    last_backup: Timestamp::from_secs(backup).ok(),
                },
            }),
        };
        let bare = [ENGLISH.no_account, ENGLISH.warn_no_exchange];
        let at = |status: &ShopStatus, url: &str| {
            let findings = Findings::of(status, &BaseUrl::parse(url).unwrap(), now);
            warnings(&findings, false, &ENGLISH)
        };
        let of = |status: &ShopStatus| at(status, "https://shop.example/");
        let fresh = 1_000_000 - 2 * 86_400;
        assert_eq!(of(&status(LITTLE, fresh)), bare);
        let plain = at(&status(LITTLE, fresh), "http://shop.example/");
        assert!(plain.contains(&ENGLISH.warn_plain));
        assert!(of(&status(LITTLE - 1, fresh)).contains(&ENGLISH.warn_disk));
        assert!(of(&status(LITTLE, fresh - 1)).contains(&ENGLISH.warn_backup));
        let here = at(&status(LITTLE, fresh), "http://localhost/");
        assert!(here.contains(&ENGLISH.warn_this_machine) && !here.contains(&ENGLISH.warn_plain));
        let mut hooked = status(LITTLE, fresh);
        hooked.is_time_sure = false;
        assert_eq!(of(&hooked), bare, "nobody is called");
        hooked.webhooks = vec![WebhookState::Arrives, WebhookState::Fails];
        hooked.has_lost_events = true;
        for text in [ENGLISH.warn_webhooks, ENGLISH.warn_webhooks_lost, ENGLISH.warn_clock] {
            assert!(of(&hooked).contains(&text), "{text}");
        }
        // An address that the doctor calls good is good here.
        assert_eq!(at(&status(LITTLE, fresh), "http://abcdef.onion/"), bare);
        let mut other = status(0, 0);
        other.machine = None;
        assert_eq!(of(&other), bare);
    }
}
