//! Failures of exchanges, in the form that wallets and shops get (merchant-api 3.5).

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::Error;
use crate::exchange;
use crate::store::kyc::KycRequest;
use taler::exchange::BadKeys;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Taler's error codes that only exchanges send. Others may come from a proxy in front of one.
const EXCHANGE_CODES: RangeInclusive<u32> = 1000..=1999;

/// Those of them that are about refunds.
const REFUND_CODES: RangeInclusive<u32> = 1500..=1519;

/// The answer of an exchange to a refund of a coin that it has never seen, or not for this contract: it
/// does not know the coin's denomination (seen, observed-exchange 6), the coin, the deposit.
const NEVER_THERE_CODES: [u32; 3] = [1005, 1500, 1502];

/// HTTP status stated when a coin has more refunds than an exchange stores.
const TOO_MANY_REFUNDS: u16 = 413;

/// An exchange would not, or could not.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeError {
    /// Base URL of the exchange.
    pub exchange_url: BaseUrl,
    /// The kind of failure.
    pub kind: ExchangeErrorKind,
    /// The HTTP status of its answer, if there was one.
    pub http_status: Option<u16>,
    /// The exchange's error code, if it sent one.
    pub code: Option<u32>,
    /// Its own words, if they were JSON.
    pub reply: Option<Value>,
}

/// Kinds of an exchange's failures.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExchangeErrorKind {
    /// It did not answer in time.
    Timeout,
    /// It cannot be reached.
    Unreachable,
    /// Its answer is invalid, or its confirmation does not hold.
    InvalidResponse,
    /// Its keys are not to be used.
    Keys,
    /// It has another master key than the one trusted.
    MasterKey,
    /// A coin was spent before.
    DoubleSpend,
    /// A denomination is not known to it.
    DenominationUnknown,
    /// A denomination has expired, or was revoked.
    DenominationExpired,
    /// A signature of a coin does not hold.
    Signature,
    /// It may not for legal reasons: the shop must identify itself first, say.
    Legal,
    /// It has an error of its own.
    ExchangeInternal,
    /// It refuses for another reason.
    Refused,
}

impl ExchangeError {
    /// Classifies `error` of the exchange at `url`.
    pub(super) fn at(url: &BaseUrl, error: exchange::Error) -> Self {
        use exchange::Error as Client;
        let kind = match &error {
            Client::Timeout => ExchangeErrorKind::Timeout,
            Client::Unreachable(_) => ExchangeErrorKind::Unreachable,
            Client::Keys(BadKeys::MasterKey(_)) => ExchangeErrorKind::MasterKey,
            Client::Keys(_) => ExchangeErrorKind::Keys,
            Client::NotJson { .. }
            | Client::TooLarge
            | Client::Malformed(_)
            | Client::Unconfirmed
            | Client::UnknownSigningKey(_) => ExchangeErrorKind::InvalidResponse,
            Client::Refused { status, code, .. } => kind(*status, *code),
            // Nothing was sent now, but perhaps before: nothing is certain.
            Client::InvalidField(_) => ExchangeErrorKind::Keys,
        };
        let (exchange_url, http_status, code) = (url.clone(), error.status(), error.code());
        let reply = match error {
            Client::Refused { reply, .. } => Some(reply),
            _ => None,
        };
        Self { exchange_url, kind, http_status, code, reply }
    }

    /// The status stated to wallets: that of the exchange's answer, or a gateway's if there
    /// was none, or it was no answer.
    pub fn status(&self) -> u16 {
        match self.http_status {
            None => 504,
            Some(200..=399) => 502,
            Some(status) => status,
        }
    }

    /// Whether the exchange gave no answer, or only a server error. A request for the next coin would wait
    /// as long, for as little.
    pub(super) const fn is_silence(&self) -> bool {
        match self.kind {
            ExchangeErrorKind::Timeout
            | ExchangeErrorKind::Unreachable
            | ExchangeErrorKind::ExchangeInternal => true,
            ExchangeErrorKind::InvalidResponse
            | ExchangeErrorKind::Keys
            | ExchangeErrorKind::MasterKey
            | ExchangeErrorKind::DoubleSpend
            | ExchangeErrorKind::DenominationUnknown
            | ExchangeErrorKind::DenominationExpired
            | ExchangeErrorKind::Signature
            | ExchangeErrorKind::Legal
            | ExchangeErrorKind::Refused => false,
        }
    }

    /// What is kept of it, if it is that the exchange wants to know more of the account.
    pub(super) fn ask(&self, asked_at: Timestamp) -> Option<KycRequest> {
        (self.kind == ExchangeErrorKind::Legal).then(|| KycRequest {
            status: self.http_status.unwrap_or(451),
            code: self.code,
            reply: self.reply.clone().unwrap_or_default(),
            asked_at,
        })
    }

    /// Whether it is certain that the exchange will never make the requested refund. Only its
    /// own reasons are for good (crypto 14.3): it may come to know the shop, and a proxy in
    /// front of it knows nothing of coins.
    pub(super) fn is_final_for_refund(&self) -> bool {
        self.was_never_there()
            || self.kind == ExchangeErrorKind::Refused
                && (self.http_status == Some(TOO_MANY_REFUNDS)
                    || self.code.is_some_and(|code| REFUND_CODES.contains(&code)))
    }

    /// Whether the exchange answers a refund request with "no such coin", or none for this contract.
    pub(super) fn was_never_there(&self) -> bool {
        self.http_status == Some(404)
            && self.code.is_some_and(|code| NEVER_THERE_CODES.contains(&code))
    }

    /// Whether it is certain that the exchange did nothing, and will do nothing when asked again.
    pub(super) fn is_final(&self) -> bool {
        match self.kind {
            ExchangeErrorKind::DoubleSpend
            | ExchangeErrorKind::DenominationUnknown
            | ExchangeErrorKind::DenominationExpired
            | ExchangeErrorKind::Signature
            | ExchangeErrorKind::Legal => true,
            ExchangeErrorKind::Refused => {
                self.code.is_some_and(|code| EXCHANGE_CODES.contains(&code))
            }
            ExchangeErrorKind::Timeout
            | ExchangeErrorKind::Unreachable
            | ExchangeErrorKind::InvalidResponse
            | ExchangeErrorKind::Keys
            | ExchangeErrorKind::MasterKey
            | ExchangeErrorKind::ExchangeInternal => false,
        }
    }
}

/// What a status and a code of the exchange mean (crypto 14.2).
fn kind(status: u16, code: Option<u32>) -> ExchangeErrorKind {
    match (status, code) {
        (403, Some(1205 | 1006)) => ExchangeErrorKind::Signature,
        (404, Some(1005)) => ExchangeErrorKind::DenominationUnknown,
        (409, Some(1012 | 1003 | 1015 | 1206)) => ExchangeErrorKind::DoubleSpend,
        (410 | 412, Some(1008..=1010)) => ExchangeErrorKind::DenominationExpired,
        (451, _) => ExchangeErrorKind::Legal,
        (408 | 425 | 429, _) => ExchangeErrorKind::Timeout,
        (400..=499, _) => ExchangeErrorKind::Refused,
        _ => ExchangeErrorKind::ExchangeInternal,
    }
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ExchangeErrorKind::Timeout => "did not answer in time",
            ExchangeErrorKind::Unreachable => "cannot be reached",
            ExchangeErrorKind::InvalidResponse => "gave an answer that makes no sense",
            ExchangeErrorKind::Keys => "has keys that cannot be used",
            ExchangeErrorKind::MasterKey => "has another master key than the one trusted",
            ExchangeErrorKind::DoubleSpend => "says that a coin was spent before",
            ExchangeErrorKind::DenominationUnknown => "does not know a coin's denomination",
            ExchangeErrorKind::DenominationExpired => "no longer takes coins of a denomination",
            ExchangeErrorKind::Signature => "says that a coin's signature does not hold",
            ExchangeErrorKind::Legal => "may not take the coins for legal reasons",
            ExchangeErrorKind::ExchangeInternal => "has an error of its own",
            ExchangeErrorKind::Refused => "refuses",
        };
        write!(f, "{} {what}", self.exchange_url.as_str())?;
        match (self.http_status, self.code) {
            (Some(status), Some(code)) => write!(f, " ({status}, code {code})"),
            (Some(status), None) => write!(f, " ({status})"),
            (None, _) => Ok(()),
        }
    }
}

impl From<ExchangeError> for Error {
    fn from(exchange_error: ExchangeError) -> Self {
        Self::Exchange(Box::new(exchange_error))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What an answer of the real exchange means; each is recorded.
    fn exchange_error(answer: &Value) -> Option<ExchangeError> {
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let reply = answer["body"].clone();
        let code = reply["code"].as_u64().map(|code| u32::try_from(code).unwrap());
        let error = exchange::Error::Refused { status, code, reply };
        let url = BaseUrl::parse("http://127.0.0.1:47320/").unwrap();
        (status > 299).then(|| ExchangeError::at(&url, error))
    }

    fn recorded(name: &str) -> Value {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/real-exchange");
        let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn refusals_of_a_real_exchange_are_told_apart() {
        use ExchangeErrorKind::*;
        for (name, kind) in [
            ("404-1005-unknown-denomination", DenominationUnknown),
            ("409-1012-double-spend", DoubleSpend),
            ("410-1010-revoked", DenominationExpired),
            ("451-1028-bad-kyc-auth", Legal),
            ("451-1028-kyc-required", Legal),
        ] {
            let file = recorded(&format!("batch-deposit-{name}"));
            let exchange_error = exchange_error(&file["answer"]).unwrap();
            assert_eq!((exchange_error.kind, exchange_error.is_final()), (kind, true), "{name}");
            let ask = exchange_error.ask(Timestamp::ZERO);
            assert_eq!(ask.is_some(), kind == Legal, "{name}");
        }
        for name in ["refund-404-1005-coin-never-seen", "refund-410-1503-already-wired"] {
            let exchange_error = exchange_error(&recorded(name)["answer"]).unwrap();
            assert!(exchange_error.is_final_for_refund(), "{name}");
        }
    }

    #[test]
    fn wrong_requests_were_refused_for_good_or_for_now() {
        use ExchangeErrorKind::*;
        let answers = recorded("answers-to-wrong-requests")["answers"].clone();
        let deposits = [
            ("bad coin signature", Signature, true),
            ("bad denomination signature", Signature, true),
            ("contribution above the coin", Refused, true),
            ("contribution below the fee", Refused, true),
            ("double spend", DoubleSpend, true),
            ("double spend, second coin of two", DoubleSpend, true),
            ("refund deadline after wire deadline", Refused, true),
            ("same contract, other account", DoubleSpend, true),
            ("same contract, other timestamp", DoubleSpend, true),
            ("unknown denomination", DenominationUnknown, true),
            ("wallet_data_hash that was not signed", Signature, true),
            ("wire deadline never", Refused, true),
            // Proxies in front of an exchange send these codes, too.
            ("a member missing", Refused, false),
            ("bad iban", Refused, false),
            ("bad merchant signature", Refused, false),
            ("broken JSON", Refused, false),
            ("no coins", Refused, false),
            ("other currency", Refused, false),
            ("payto without receiver-name", Refused, false),
        ];
        let refunds = [
            ("refund above the deposit", Refused, true),
            ("refund by another merchant", Refused, true),
            ("refund of a coin never seen", DenominationUnknown, true),
            ("refund of an unknown contract", Refused, true),
            ("refund, bad signature", Refused, true),
            ("refund, same id, other amount", Refused, true),
            // It says that its database has failed.
            ("refund below the fee", ExchangeInternal, false),
        ];
        let mut seen = 0;
        for (name, answer) in answers.as_object().unwrap() {
            let path = answer["request"]["path"].as_str().unwrap();
            let Some(exchange_error) = exchange_error(&answer["answer"]) else { continue };
            let of = |all: &[(&str, ExchangeErrorKind, bool)]| {
                let found = all.iter().find(|(known, ..)| known == name);
                found.map(|(_, kind, is_final)| (*kind, *is_final))
            };
            let (expected, found) = match path {
                "/batch-deposit" => (of(&deposits), exchange_error.is_final()),
                path if path.ends_with("/refund") => {
                    (of(&refunds), exchange_error.is_final_for_refund())
                }
                _ => continue,
            };
            assert_eq!(Some((exchange_error.kind, found)), expected, "{name}");
            seen += 1;
        }
        assert_eq!(seen, deposits.len() + refunds.len());
    }
}
