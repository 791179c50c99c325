//! The shop's errors, with messages for visitors.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use super::page;
use super::reader::Reader;
use crate::wallet;
use system::NoRandomness;
use system::log_limit;
use ui::messages::{ENGLISH, filled};

/// Why a demo shop cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Connections cannot be made; why.
    #[error("the demo shop cannot make connections: {0}")]
    Connections(String),
    /// The token is none.
    #[error("the demo shop's token is none")]
    Token,
}

/// Why a visitor does not get what was asked for.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no such page.
    NotHere,
    /// The page is there, but not to be asked this way.
    Method,
    /// The form is not one of ours, or out of date.
    Form,
    /// The request was not sent by one of our pages.
    Stranger,
    /// The till does not do what it should; for the log.
    Till(String),
    /// The order does not allow it any more.
    TooLate,
    /// The demo wallet could not.
    Wallet(wallet::Error),
    /// It takes longer than a browser waits; what was begun is finished all the same.
    Late,
    /// There is no name for a new visitor.
    NoRandomness,
}

impl Failure {
    /// What `reader` is told.
    pub(super) fn text(&self, reader: Reader) -> String {
        let messages = reader.messages();
        match self {
            Self::NotHere => messages.demo_not_here,
            Self::Method => messages.demo_method,
            Self::Form => messages.demo_form,
            Self::Stranger => messages.demo_stranger,
            Self::Till(_) => messages.demo_till,
            Self::TooLate => messages.demo_too_late,
            Self::Late => messages.demo_late,
            Self::NoRandomness => messages.demo_no_name,
            Self::Wallet(error) => match error {
                wallet::Error::Poor(price) => {
                    return filled(messages.demo_poor, &[&reader.money(price)]);
                }
                wallet::Error::NoSuchCoins(amount) => {
                    return filled(messages.demo_no_coins, &[&reader.money(amount)]);
                }
                wallet::Error::Busy | wallet::Error::Stopping => messages.demo_busy,
                wallet::Error::Expired => messages.demo_expired,
                wallet::Error::Pending(_) => messages.demo_pending,
                _ => messages.demo_wallet_failed,
            },
        }
        .to_owned()
    }

    /// What the demo wallet says for which we have no words of our own: in English, as its owner
    /// would read it at the command line.
    pub(super) fn detail(&self) -> Option<String> {
        match self {
            Self::Wallet(error) if self.text(Reader::default()) == ENGLISH.demo_wallet_failed => {
                Some(error.to_string())
            }
            _ => None,
        }
    }

    /// Tells the log what the operator should know.
    pub(super) fn log(&self) {
        match self {
            Self::Till(why) => {
                log_limit::warn("failures of the demo shop", format_args!("demo shop: {why}"));
            }
            Self::Wallet(error) => {
                let line = format_args!("demo wallet: {error}");
                log_limit::warn("failures of the demo wallet", line);
            }
            _ => {}
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Reader::default()))
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotHere => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Form => StatusCode::BAD_REQUEST,
            Self::Stranger => StatusCode::FORBIDDEN,
            Self::Till(_) | Self::NoRandomness => StatusCode::BAD_GATEWAY,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::TooLate | Self::Wallet(_) => StatusCode::CONFLICT,
        }
    }

    fn error_response(&self) -> HttpResponse {
        // Without a language; the middleware renders it again for its reader.
        page::problem(self, Reader::default())
    }
}

impl From<wallet::Error> for Failure {
    fn from(error: wallet::Error) -> Self {
        Self::Wallet(error)
    }
}

impl From<NoRandomness> for Failure {
    fn from(NoRandomness: NoRandomness) -> Self {
        Self::NoRandomness
    }
}
