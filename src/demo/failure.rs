//! What can go wrong in the shop, as a visitor is told.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use super::page;
use crate::machine::NoRandomness;
use crate::wallet;

/// Why a demo shop cannot be opened.
#[derive(Debug)]
pub enum Error {
    /// Connections cannot be made; why.
    Connections(String),
    /// The token is none.
    Token,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connections(why) => write!(f, "the demo shop cannot make connections: {why}"),
            Self::Token => f.write_str("the demo shop's token is none"),
        }
    }
}

impl std::error::Error for Error {}

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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHere => f.write_str("There is no such page in this shop."),
            Self::Method => f.write_str("This page wants to be asked in another way."),
            Self::Form => f.write_str("This form is not complete. Please go back and try again."),
            Self::Stranger => f.write_str(
                "This did not come from one of our own pages, or your visit has ended. \
                 Please go back to the shop and try again.",
            ),
            Self::Till(_) => {
                f.write_str("The till does not answer as it should. Please try again.")
            }
            Self::TooLate => f.write_str("That cannot be done with this order any more."),
            Self::Wallet(error) => write!(f, "The demo wallet says: {error}."),
            Self::Late => f.write_str("This takes too long. Please look again in a moment."),
            Self::NoRandomness => NoRandomness.fmt(f),
        }
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
        match self {
            Self::Till(why) => log::warn!("demo shop: {why}"),
            Self::Wallet(error) => log::warn!("demo wallet: {error}"),
            _ => {}
        }
        page::problem(self.status_code(), &self.to_string())
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
