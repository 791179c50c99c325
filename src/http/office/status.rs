//! How the shop is doing, in plain words.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::Settings;
use super::super::error::Answer;
use super::super::origin::base_url;
use super::super::pages::Frame;
use super::seat::Seat;
use super::{accounts, shown};
use crate::till::{ExchangeState, Kyc, KycStatus, Machine, ShopStatus, Till};
use taler::payto::Payto;
use taler::time::Timestamp;
use ui::moment::Moment;
use ui::{Visitor, Words};

/// A megabyte, as disks are sold.
const MB: u64 = 1_000_000;
/// Below so many bytes, there is little room: as `tilld doctor` says.
const LITTLE: u64 = 100 * MB;

/// How the daemon is doing, for its keeper.
struct Daemon {
    polls: usize,
    last_backup: Option<Moment>,
    free: String,
    database: String,
}

/// How it stands with an exchange.
pub(super) struct Exchange {
    url: String,
    pub(super) is_good: bool,
    pub(super) word: &'static str,
    fetched: Option<Moment>,
    pub(super) failure: Option<(Moment, String)>,
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
#[template(path = "http/office/status.html")]
struct Page<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    warnings: Vec<&'static str>,
    version: &'static str,
    base_url: String,
    last_payment: Option<Moment>,
    accounts: usize,
    machine: Option<Daemon>,
    exchanges: Vec<Exchange>,
    payouts: Vec<Payout>,
}

/// `GET /webui/status`.
pub(in crate::http) async fn page(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    seat: Seat,
) -> Answer {
    let (words, now) = (seat.words(), till.now());
    let status = till.shop_status(seat.clerk()).await?;
    let base_url = base_url(&request, &settings, &seat.clerk().instance().id)?;
    let visitor = seat.frame().visitor;
    let machine = status.machine.map(|Machine { polls, premises }| Daemon {
        polls,
        last_backup: premises.last_backup.map(|at| seat.moment(at)),
        free: premises.free_bytes.map_or(words.not_known.to_owned(), |free| size(free, visitor)),
        database: size(premises.database_bytes, visitor),
    });
    let page = Page {
        frame: seat.frame(),
        words,
        seat: &seat,
        warnings: warnings(
            &status,
            base_url.is_https(),
            base_url.names_this_machine() && !settings.is_demo,
            now,
            words,
        ),
        version: env!("CARGO_PKG_VERSION"),
        base_url: base_url.to_string(),
        last_payment: status.last_payment.map(|at| seat.moment(at)),
        accounts: status.accounts.len(),
        machine,
        exchanges: status.exchanges.iter().map(|one| exchange(one, &seat, now)).collect(),
        payouts: status.kyc.iter().map(|kyc| payout(kyc, &seat, &till)).collect(),
    };
    shown(StatusCode::OK, seat.frame(), &page)
}

/// So many bytes, rounded down to tenths of what disks are measured in.
fn size(bytes: u64, visitor: Visitor) -> String {
    let (unit, name) = if bytes < 1000 * MB { (MB, "MB") } else { (1000 * MB, "GB") };
    let tenths = bytes / (unit / 10);
    format!("{}{}{}\u{a0}{name}", tenths / 10, visitor.decimal, tenths % 10)
}

/// What the keeper should see to, the gravest first.
fn warnings(
    status: &ShopStatus,
    is_https: bool,
    is_local: bool,
    now: Timestamp,
    words: &Words,
) -> Vec<&'static str> {
    let machine = status.machine.as_ref();
    let checks = [
        (status.accounts.is_empty(), words.no_account),
        (status.exchanges.is_empty(), words.warn_no_exchange),
        (status.are_exchanges_silent(now), words.warn_exchanges_silent),
        (status.is_asked(), words.warn_kyc),
        (
            machine.is_some_and(|all| all.premises.free_bytes.is_some_and(|free| free < LITTLE)),
            words.warn_disk,
        ),
        (is_local, words.warn_this_machine),
        (!is_https && !is_local, words.warn_plain),
        (status.is_backup_old(now) == Some(true), words.warn_backup),
    ];
    checks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, text)| text).collect()
}

pub(super) fn exchange(state: &ExchangeState, seat: &Seat, now: Timestamp) -> Exchange {
    let words = seat.words();
    let is_good = state.is_ready(now);
    let word = match (is_good, state.expires, &state.failure) {
        (true, ..) => words.exchange_ready,
        (false, Some(_), _) => words.exchange_stale,
        (false, None, Some(_)) => words.exchange_silent,
        (false, None, None) => words.exchange_unasked,
    };
    let failure = state.failure.as_ref();
    Exchange {
        url: state.base_url.to_string(),
        is_good,
        word,
        fetched: state.fetched_at.map(|at| seat.moment(at)),
        failure: failure.map(|failure| (seat.moment(failure.at), failure.reason.clone())),
    }
}

fn payout(kyc: &Kyc, seat: &Seat, till: &Till) -> Payout {
    let words = seat.words();
    let holder = |payto: &Payto| payto.receiver_name().unwrap_or_default();
    let transfer = kyc.transfers.first().map(|transfer| Transfer {
        to: accounts::number(&transfer.to),
        holder: holder(&transfer.to),
        amount: seat.money(&transfer.amount, till.terms()),
        subject: transfer.subject.clone(),
        from: accounts::number(&transfer.from),
        from_holder: holder(&transfer.from),
    });
    Payout {
        transfer,
        exchange: kyc.exchange_url.to_string(),
        account: kyc.account.payto_uri.normalized(),
        text: match kyc.status {
            KycStatus::Ready => words.kyc_ready,
            KycStatus::Required => words.kyc_required,
            KycStatus::WireRequired => words.kyc_wire_required,
            KycStatus::WireImpossible => words.kyc_wire_impossible,
            KycStatus::NoKeys | KycStatus::Unreachable | KycStatus::Timeout | KycStatus::Broken => {
                words.kyc_unknown
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::till::Premises;
    use ui::words::ENGLISH;

    #[test]
    fn sizes_are_told_in_megabytes_or_gigabytes() {
        let of = |bytes, language| size(bytes, Visitor::of(language));
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
            machine: Some(Machine {
                polls: 0,
                premises: Premises {
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
        let mut other = status(0, 0);
        other.machine = None;
        assert_eq!(of(&other, true), bare);
    }
}
