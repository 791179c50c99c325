//! What an exchange's failure means: its kind, and whether it is for good (crypto 14.2 and 14.3).

use std::ops::RangeInclusive;

use super::Error;
use taler::exchange::BadKeys;

/// Taler's error codes that only exchanges send. Others may come from a proxy in front of one.
const EXCHANGE_CODES: RangeInclusive<u32> = 1000..=1999;

/// Those of them that are about refunds.
const REFUND_CODES: RangeInclusive<u32> = 1500..=1519;

/// The answer of an exchange to a refund of a coin that it has never seen, or not for this contract: it
/// does not know the coin's denomination (seen, observed-exchange 6), the coin, the deposit.
const NEVER_THERE_CODES: [u32; 3] = [1005, 1500, 1502];

/// The code of an exchange that has paid the shop for the coin and so refunds nothing of it.
const ALREADY_WIRED: u32 = 1503;

/// HTTP status stated when a coin has more refunds than an exchange stores.
const TOO_MANY_REFUNDS: u16 = 413;

/// HTTP status of an answer with what was asked for.
pub const ANSWERED: u16 = 200;
/// HTTP status of an answer that what is asked for has not happened yet.
pub const NOT_YET: u16 = 202;
/// HTTP status of an answer that there is no such thing.
pub const NO_SUCH_THING: u16 = 404;
/// HTTP status of an answer that there were too many requests.
const TOO_MANY_REQUESTS: u16 = 429;

/// Kinds of an exchange's failures.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
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

impl Error {
    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Timeout => ErrorKind::Timeout,
            Self::Unreachable(_) => ErrorKind::Unreachable,
            Self::Keys(BadKeys::MasterKey(_)) => ErrorKind::MasterKey,
            Self::Keys(_) => ErrorKind::Keys,
            Self::NotJson { .. }
            | Self::TooLarge
            | Self::Malformed(_)
            | Self::Unconfirmed
            | Self::UnknownSigningKey(_) => ErrorKind::InvalidResponse,
            Self::Refused { status, code, .. } => kind(*status, *code),
            // Nothing was sent now, but perhaps before: nothing is certain.
            Self::InvalidField(_) => ErrorKind::Keys,
        }
    }

    /// Whether the exchange gave no answer, or only a server error. A request for the next coin would wait
    /// as long, for as little.
    pub fn is_silence(&self) -> bool {
        match self.kind() {
            ErrorKind::Timeout | ErrorKind::Unreachable | ErrorKind::ExchangeInternal => true,
            ErrorKind::InvalidResponse
            | ErrorKind::Keys
            | ErrorKind::MasterKey
            | ErrorKind::DoubleSpend
            | ErrorKind::DenominationUnknown
            | ErrorKind::DenominationExpired
            | ErrorKind::Signature
            | ErrorKind::Legal
            | ErrorKind::Refused => false,
        }
    }

    /// Whether it is certain that the exchange did nothing, and will do nothing when asked again.
    pub fn is_final(&self) -> bool {
        match self.kind() {
            ErrorKind::DoubleSpend
            | ErrorKind::DenominationUnknown
            | ErrorKind::DenominationExpired
            | ErrorKind::Signature
            | ErrorKind::Legal => true,
            ErrorKind::Refused => self.code().is_some_and(|code| EXCHANGE_CODES.contains(&code)),
            ErrorKind::Timeout
            | ErrorKind::Unreachable
            | ErrorKind::InvalidResponse
            | ErrorKind::Keys
            | ErrorKind::MasterKey
            | ErrorKind::ExchangeInternal => false,
        }
    }

    /// Whether it is certain that the exchange will never make the requested refund. Only its
    /// own reasons are for good (crypto 14.3): it may come to know the shop, and a proxy in
    /// front of it knows nothing of coins.
    pub fn is_final_for_refund(&self) -> bool {
        self.was_never_there()
            || self.kind() == ErrorKind::Refused
                && (self.status() == Some(TOO_MANY_REFUNDS)
                    || self.code().is_some_and(|code| REFUND_CODES.contains(&code)))
    }

    /// Whether the exchange asks for fewer requests.
    pub fn is_rate_limit(&self) -> bool {
        self.status() == Some(TOO_MANY_REQUESTS)
    }

    /// Whether the exchange answers that there is no such thing.
    pub fn is_denial(&self) -> bool {
        matches!(self, Self::Refused { status: NO_SUCH_THING, .. })
    }

    /// Whether the exchange answers a refund request with "no such coin", or none for this contract.
    pub fn was_never_there(&self) -> bool {
        self.status() == Some(404)
            && self.code().is_some_and(|code| NEVER_THERE_CODES.contains(&code))
    }
}

/// Whether the exchange states that it has paid the shop for a coin, so that it gives nothing of it back any
/// more; `status` and `code` are those of its answer to the refund request.
pub fn says_wired(status: u16, code: Option<u32>) -> bool {
    status == 410 && code == Some(ALREADY_WIRED)
}

/// What a status and a code of the exchange mean (crypto 14.2).
fn kind(status: u16, code: Option<u32>) -> ErrorKind {
    match (status, code) {
        (403, Some(1205 | 1006)) => ErrorKind::Signature,
        (404, Some(1005)) => ErrorKind::DenominationUnknown,
        (409, Some(1012 | 1003 | 1015 | 1206)) => ErrorKind::DoubleSpend,
        (410 | 412, Some(1008..=1010)) => ErrorKind::DenominationExpired,
        (451, _) => ErrorKind::Legal,
        (408 | 425 | 429, _) => ErrorKind::Timeout,
        (400..=499, _) => ErrorKind::Refused,
        _ => ErrorKind::ExchangeInternal,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What an answer of the real exchange means; each is recorded.
    fn error(answer: &Value) -> Option<Error> {
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let reply = answer["body"].clone();
        let code = reply["code"].as_u64().map(|code| u32::try_from(code).unwrap());
        (status > 299).then_some(Error::Refused { status, code, reply })
    }

    fn recorded(name: &str) -> Value {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/real-exchange");
        let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn refusals_of_a_real_exchange_are_told_apart() {
        use ErrorKind::*;
        for (name, kind) in [
            ("404-1005-unknown-denomination", DenominationUnknown),
            ("409-1012-double-spend", DoubleSpend),
            ("410-1010-revoked", DenominationExpired),
            ("451-1028-bad-kyc-auth", Legal),
            ("451-1028-kyc-required", Legal),
        ] {
            let file = recorded(&format!("batch-deposit-{name}"));
            let error = error(&file["answer"]).unwrap();
            assert_eq!((error.kind(), error.is_final()), (kind, true), "{name}");
        }
        for name in ["refund-404-1005-coin-never-seen", "refund-410-1503-already-wired"] {
            let error = error(&recorded(name)["answer"]).unwrap();
            assert!(error.is_final_for_refund(), "{name}");
        }
    }

    #[test]
    fn wrong_requests_were_refused_for_good_or_for_now() {
        use ErrorKind::*;
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
            let Some(error) = error(&answer["answer"]) else { continue };
            let of = |all: &[(&str, ErrorKind, bool)]| {
                let found = all.iter().find(|(known, ..)| known == name);
                found.map(|(_, kind, is_final)| (*kind, *is_final))
            };
            let (expected, found) = match path {
                "/batch-deposit" => (of(&deposits), error.is_final()),
                path if path.ends_with("/refund") => (of(&refunds), error.is_final_for_refund()),
                _ => continue,
            };
            assert_eq!(Some((error.kind(), found)), expected, "{name}");
            seen += 1;
        }
        assert_eq!(seen, deposits.len() + refunds.len());
    }
}
