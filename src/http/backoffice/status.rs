//! The status page: health of the shop and the daemon.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::Settings;
use super::super::error::Answer;
use super::super::origin::base_url;
use super::super::pages::PageContext;
use super::web_session::WebSession;
use super::{accounts, shown};
use crate::till::{ExchangeState, Kyc, KycStatus, Machine, ShopStatus, Till, WebhookHealth};
use taler::payto::Payto;
use taler::time::Timestamp;
use ui::formatted_time::FormattedTime;
use ui::{Locale, Messages};

/// A megabyte, as disks are sold.
const MB: u64 = 1_000_000;
/// Free bytes on the disk below which the page warns; as in `tilld doctor`.
const LITTLE: u64 = 100 * MB;

/// How the daemon is doing, for its keeper.
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
    webhooks: WebhookHealth,
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
    let status = till.shop_status(web_session.principal()).await?;
    let base_url = base_url(&request, &settings, &web_session.principal().instance().id)?;
    let locale = web_session.context().locale;
    let machine = status.machine.map(|Machine { polls, premises }| DaemonFigures {
        polls,
        last_backup: premises.last_backup.map(|at| web_session.formatted_time(at)),
        free: premises.free_bytes.map_or(messages.not_known.to_owned(), |free| size(free, locale)),
        database: size(premises.database_bytes, locale),
    });
    let page = StatusPage {
        context: web_session.context(),
        messages,
        web_session: &web_session,
        warnings: warnings(
            &status,
            base_url.is_https(),
            base_url.names_this_machine() && !settings.is_demo,
            now,
            messages,
        ),
        version: env!("CARGO_PKG_VERSION"),
        base_url: base_url.to_string(),
        last_payment: status.last_payment.map(|at| web_session.formatted_time(at)),
        accounts: status.accounts.len(),
        webhooks: status.webhooks,
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

/// What the keeper should see to, the gravest first.
fn warnings(
    status: &ShopStatus,
    is_https: bool,
    is_local: bool,
    now: Timestamp,
    messages: &Messages,
) -> Vec<&'static str> {
    let machine = status.machine.as_ref();
    let checks = [
        (status.accounts.is_empty(), messages.no_account),
        (status.exchanges.is_empty(), messages.warn_no_exchange),
        (status.are_exchanges_silent(now), messages.warn_exchanges_silent),
        (status.is_asked(), messages.warn_kyc),
        (
            machine.is_some_and(|all| all.premises.free_bytes.is_some_and(|free| free < LITTLE)),
            messages.warn_disk,
        ),
        (status.webhooks.failing > 0, messages.warn_webhooks),
        (status.webhooks.has_losses, messages.warn_webhooks_lost),
        (!status.is_time_sure && status.webhooks.all > 0, messages.warn_clock),
        (is_local, messages.warn_this_machine),
        (!is_https && !is_local, messages.warn_plain),
        (status.is_backup_old(now) == Some(true), messages.warn_backup),
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
    use crate::till::StorageInfo;
    use ui::messages::ENGLISH;

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
            webhooks: WebhookHealth::default(),
            is_time_sure: true,
            machine: Some(Machine {
                polls: 0,
                premises: StorageInfo {
                    database_bytes: 1,
                    free_bytes: Some(free),
                    last_backup: Timestamp::from_secs(backup).ok(),
                },
            }),
        };
        let bare = [ENGLISH.no_account, ENGLISH.warn_no_exchange];
        let of = |status: &ShopStatus, is_https| warnings(status, is_https, false, now, &ENGLISH);
        let fresh = 1_000_000 - 2 * 86_400;
        assert_eq!(of(&status(LITTLE, fresh), true), bare);
        assert!(of(&status(LITTLE, fresh), false).contains(&ENGLISH.warn_plain));
        assert!(of(&status(LITTLE - 1, fresh), true).contains(&ENGLISH.warn_disk));
        assert!(of(&status(LITTLE, fresh - 1), true).contains(&ENGLISH.warn_backup));
        let here = warnings(&status(LITTLE, fresh), false, true, now, &ENGLISH);
        assert!(here.contains(&ENGLISH.warn_this_machine) && !here.contains(&ENGLISH.warn_plain));
        let mut hooked = status(LITTLE, fresh);
        hooked.is_time_sure = false;
        assert_eq!(of(&hooked, true), bare, "nobody is called");
        hooked.webhooks = WebhookHealth { all: 2, failing: 1, has_losses: true };
        for text in [ENGLISH.warn_webhooks, ENGLISH.warn_webhooks_lost, ENGLISH.warn_clock] {
            assert!(of(&hooked, true).contains(&text), "{text}");
        }
        let mut other = status(0, 0);
        other.machine = None;
        assert_eq!(of(&other, true), bare);
    }
}
