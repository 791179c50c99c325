//! Failures of exchanges: which exchange, and what happened (merchant-api 3.5).

use std::fmt;

use super::Error;
use crate::exchange;
use crate::store::kyc::KycRequest;
use taler::time::Timestamp;
use taler::web::BaseUrl;

pub use crate::exchange::ErrorKind as ExchangeErrorKind;

/// An exchange would not, or could not.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeError {
    /// Base URL of the exchange.
    pub exchange_url: BaseUrl,
    /// What its client says of it.
    pub cause: exchange::Error,
}

impl ExchangeError {
    /// What happened at the exchange at `url`.
    pub(super) fn at(url: &BaseUrl, cause: exchange::Error) -> Self {
        Self { exchange_url: url.clone(), cause }
    }

    /// What is kept of it, if it is that the exchange wants to know more of the account.
    pub(super) fn ask(&self, asked_at: Timestamp) -> Option<KycRequest> {
        match &self.cause {
            exchange::Error::Refused { status, code, reply }
                if self.cause.kind() == ExchangeErrorKind::Legal =>
            {
                Some(KycRequest { status: *status, code: *code, reply: reply.clone(), asked_at })
            }
            _ => None,
        }
    }
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.cause.kind() {
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
        match (self.cause.status(), self.cause.code()) {
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
    use super::*;

    #[test]
    fn only_what_an_exchange_wants_to_know_of_the_account_is_kept() {
        let refused = |status, code| {
            let url = BaseUrl::parse("https://exchange.example/").unwrap();
            let reply = serde_json::json!({ "code": code });
            ExchangeError::at(&url, exchange::Error::Refused { status, code: Some(code), reply })
        };
        let asked = refused(451, 1028).ask(Timestamp::ZERO).unwrap();
        assert_eq!((asked.status, asked.code), (451, Some(1028)));
        assert_eq!(refused(409, 1012).ask(Timestamp::ZERO), None);
    }
}
