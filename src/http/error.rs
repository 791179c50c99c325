//! The table of errors: failure → status, Taler code, hint.
//!
//! Every error response comes from here, the framework's own included, so that every
//! body a client can get has `code` and `hint` (merchant-api 1.5). Statuses and codes follow the
//! specification's code list; a test compares the two.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::header::{
    ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

#[cfg(test)]
use super::openapi::values;
use super::out_of_stock::OutOfStock;
use crate::model::contract::BadOrder;
use crate::model::instance::Unfinished;
use crate::store;
use crate::till::{self, ExchangeError, ExchangeErrorKind, InventoryError, Refusal};
use crate::webhook::BadWebhook;
pub(super) use net::failure::Row;
use system::log_limit;
use taler::payment::TooLittle;
use taler::template::{BadTemplate, TemplateMismatch};
use taler::web::BaseUrl;

use Failure::*;
use till::Error as TillError;

/// The result of a handler.
pub(super) type Answer = Result<HttpResponse, Failure>;

/// Why a request fails: the use case fails, or the request is invalid.
#[derive(Debug)]
pub(super) enum Failure {
    /// The use case failed.
    Till(till::Error),
    /// A required member or parameter is missing; its name or path.
    Missing(Cow<'static, str>),
    /// A member or parameter is invalid; its name or path, or a sentence about it.
    Malformed(String),
    /// The account is not a complete payto URI; the problem.
    Payto(String),
    /// The hash that names an account cannot be read.
    HWire,
    /// The body is not JSON; the parser's message.
    Json(String),
    /// The body is marked as compressed, and is not.
    Compression,
    /// A required header is missing or invalid; its name.
    Header(&'static str),
    /// There is no such path.
    Path,
    /// A segment of the path cannot be read.
    Segment,
    /// The path does not support this method; those that it supports.
    Method(Vec<Method>),
    /// The path and query are too long.
    UriTooLong,
    /// All headers together are too long.
    HeadTooLong,
    /// The body is longer than the limit, in bytes.
    BodyTooLong(usize),
    /// The body did not come in time.
    BodyTooSlow,
    /// The connection broke while the body came.
    BodyBroken,
    /// The credentials of a new instance are invalid.
    AuthOfNew,
    /// The new credentials of an instance are invalid.
    AuthOfOld,
    /// Self-provisioning of instances is off.
    NoSelfProvisioning,
    /// tilld does not offer this, or not yet; its name.
    NotImplemented(&'static str),
    /// The document is not available in any format that the client accepts.
    Format,
    /// The shop has published no such document.
    NoDocument(&'static str),
    /// The list of coins to be refunded is empty.
    NothingToAbort,
    /// Nothing of the order was refunded.
    #[cfg_attr(not(feature = "legacy"), expect(dead_code, reason = "only `legacy` says so"))]
    NoRefund,
    /// A function of the 2019 API that was removed.
    #[cfg_attr(not(feature = "legacy"), expect(dead_code, reason = "only `legacy` says so"))]
    Removed(&'static str),
    /// The error as a client of 2019 gets it, and its cause.
    #[cfg_attr(
        not(any(test, feature = "legacy")),
        expect(dead_code, reason = "only `legacy` says so")
    )]
    Legacy(Row, Box<Failure>),
    /// The form was not sent from a page of ours, or from one of another web session.
    Forged,
    /// A bug: something that cannot happen did.
    Bug(String),
}

/// A row with the failures that it is for, as the table names them.
#[cfg(test)]
pub(super) struct Listed {
    pattern: &'static str,
    pub(super) row: Row,
}

#[cfg(test)]
impl Listed {
    /// The names of the failures: that of the failure first, then those of its kinds.
    pub(super) fn words(&self) -> Vec<&'static str> {
        words(self.pattern)
    }
}

/// The words of a pattern, without those that say where an error comes from.
#[cfg(test)]
pub(super) fn words(pattern: &str) -> Vec<&str> {
    const WHERE: &[&str] = &["", "_", "Till", "TillError", "store", "Error"];
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words = pattern.split(|c: char| !is_word(c));
    words.filter(|word| !WHERE.contains(word)).collect()
}

/// A table of failures: the function that finds the row, and for the API document and for tests the list
/// of all rows. The compiler says that every failure has one, so none can be missing from the list.
macro_rules! rows {
    ($(#[$doc:meta])* $find:ident($failure:ty), $list:ident {
        $(@ $other:pat => $row:expr,)*
        $($pattern:pat => ($status:literal, $code:literal, $hint:literal),)*
    }) => {
        $(#[$doc])*
        fn $find(failure: &$failure) -> Row {
            match failure {
                $($other => $row,)*
                $($pattern => Row::new($status, $code, $hint),)*
            }
        }

        /// Every row of the table.
        #[cfg(test)]
        const $list: &[Listed] =
            &[$(Listed { pattern: stringify!($pattern), row: Row::new($status, $code, $hint) }),*];
    };
}

rows! {
    /// What is answered to a failure. Rows that begin with `@` are those of another table.
    row_of(Failure), FAILURES {
    @ Legacy(old, _)                => *old,
    @ Till(TillError::Exchange(error))   => row_of_exchange(&error.cause.kind()),
    Missing(_)                                                         => (400,   25, "a required parameter is missing"),
    Malformed(_)                                                       => (400,   26, "a parameter is malformed"),
    Till(TillError::InvalidField(_))                                               => (400,   26, "a parameter is malformed"),
    Till(TillError::Template(BadTemplate::Missing(_)))                      => (400,   25, "a required parameter is missing"),
    Till(TillError::Template(BadTemplate::InvalidField(_)))                        => (400,   26, "a parameter is malformed"),
    Till(TillError::Template(BadTemplate::Unsupported(_)))                  => (501,   76, "this backend does not offer this"),
    Till(TillError::TemplateInput(TemplateMismatch::Missing(_)))                  => (400,   25, "a required parameter is missing"),
    Till(TillError::TemplateInput(TemplateMismatch::InvalidField(_)))                    => (400,   26, "a parameter is malformed"),
    Till(TillError::TemplateInput(TemplateMismatch::Currency))                    => (409, 2024, "the template takes another currency"),
    Till(TillError::TemplateInput(TemplateMismatch::Amount))                      => (409, 2860, "the template fixes another amount"),
    Till(TillError::TemplateInput(TemplateMismatch::Summary))                     => (409, 2861, "the template fixes another summary"),
    Till(TillError::TemplateInput(TemplateMismatch::NoAmount))                    => (409, 2862, "the template leaves the amount to you; say one"),
    Till(TillError::TemplateInput(TemplateMismatch::NoSummary))                   => (409, 2863, "the template leaves the summary to you; say one"),
    Till(TillError::TemplateInput(TemplateMismatch::WrongProduct))                => (409, 2865, "the template does not offer this product"),
    Till(TillError::TemplateInput(TemplateMismatch::NoCurrency))                  => (409, 2866, "the products have no price in one currency"),
    Till(TillError::TemplateInput(TemplateMismatch::WrongType))                   => (409, 2864, "the template is of another type"),
    Till(TillError::Order(BadOrder::Version))                               => (400,   12, "orders have version 0 or 1"),
    Till(TillError::Order(BadOrder::OrderId))                               => (400,   26, "a parameter is malformed"),
    Till(TillError::Order(BadOrder::Shape(_)))                              => (400, 2502, "no contract can be made of this order"),
    Till(TillError::Order(BadOrder::Unpriced))                              => (400, 2502, "no contract can be made of this order"),
    Till(TillError::Order(BadOrder::WireBeforeRefund))                      => (400, 2504, "the wire transfer deadline is before the refund deadline"),
    Till(TillError::Order(BadOrder::DeliveryDatePast))                      => (400, 2505, "the delivery date is in the past"),
    Till(TillError::Order(BadOrder::WireDeadlineNever))                     => (400, 2506, "the wire transfer deadline is \"never\""),
    Till(TillError::Order(BadOrder::PayDeadlinePast))                       => (400, 2507, "the pay deadline is in the past"),
    Till(TillError::Order(BadOrder::RefundDeadlinePast))                    => (400, 2508, "the refund deadline is in the past"),
    Till(TillError::Order(BadOrder::Currency))                              => (409, 2024, "the currencies of the order do not fit each other or this backend"),
    Till(TillError::Order(BadOrder::Choices))                               => (501,   76, "this backend does not offer orders with choices (version 1)"),
    Till(TillError::ContractMismatch)                                       => (400, 2200, "the contract belongs to another order"),
    NothingToAbort                                                     => (400, 2256, "name the coins that are to be given back"),
    Till(TillError::ForgetPath(_))                                          => (400, 2510, "the path is malformed; one looks like $.products[0].description"),
    Payto(_)                                                           => (400,   24, "the payto URI is malformed; a full one looks like payto://iban/DE75512108001245126199?receiver-name=Name"),
    Till(TillError::Inventory(InventoryError::LostBeyondStock))          => (400, 2661, "more would be lost of the product than was there"),
    Till(TillError::NoReceiverName)                                         => (400,   24, "the payto URI lacks the owner's name (receiver-name=…)"),
    HWire                                                              => (400, 2023, "the hash that names the account cannot be read"),
    Json(_)                                                            => (400,   22, "the request's body is not valid JSON"),
    Compression                                                        => (400,   28, "the request's body cannot be inflated"),
    Header(_)                                                          => (400,   23, "a header is missing or malformed"),
    Segment                                                            => (400,   29, "a segment of the path cannot be read"),
    BodyBroken                                                         => (400,   22, "the request's body ended too early"),
    AuthOfNew                                                          => (400, 2601, "auth must hold a method \"token\" and a password"),
    AuthOfOld                                                          => (400, 2602, "auth must hold a method \"token\" and a password"),
    Till(TillError::Refused(Refusal::TooMany | Refusal::Twice(_)))          => (400,   26, "a parameter is malformed"),
    Till(TillError::Refused(Refusal::Currency))                             => (409, 2024, "a coin is in another currency than the price"),
    Till(TillError::Refused(Refusal::Untrusted(_)))                         => (400, 2025, "the shop does not trust this exchange"),
    Till(TillError::Refused(Refusal::BeyondLimit(_)))                       => (400, 2184, "the exchange lets no shop take so much of its coins"),
    Till(TillError::Refused(Refusal::DenominationUnknown(_)))               => (400, 2151, "the exchange has no such denomination"),
    Till(TillError::Refused(Refusal::TooLittle(TooLittle::Nothing)))        => (400, 2154, "a coin's deposit fee is higher than what it brings"),
    Till(TillError::Refused(Refusal::TooLittle(TooLittle::Fees)))           => (400, 2155, "the coins do not cover the price and the fees"),
    Till(TillError::Refused(Refusal::TooLittle(TooLittle::Price)))          => (400, 2156, "the coins are worth less than the price"),
    Till(TillError::Refused(Refusal::TooLittle(TooLittle::Sum)))            => (400,   26, "a parameter is malformed"),
    Till(TillError::Refused(Refusal::BeyondValue(_)))                       => (400, 2156, "a coin is worth less than it is to pay"),
    Till(TillError::Refused(Refusal::AgeCommitmentMissing(_)))              => (400, 2171, "the contract asks for an age, and a coin tells none"),
    Till(TillError::Refused(Refusal::AgeCommitmentSize(_)))                 => (400, 2172, "a coin's age commitment has the wrong number of keys"),
    Till(TillError::Refused(Refusal::Age(_)))                               => (400, 2173, "a coin does not show the age that the contract asks for"),
    Till(TillError::Refused(Refusal::AgeCommitmentHashMissing(_)))          => (400, 2174, "a coin lacks the hash of its age commitment"),
    Till(TillError::Refused(Refusal::Refunded(_)))                          => (402, 2167, "a coin was refunded before; pay with another one"),
    Till(TillError::Refused(Refusal::Signature(_)))                         => (403, 2157, "a signature of a coin is invalid for this contract"),
    Till(TillError::Refused(Refusal::Unsettled(_)))                         => (409, 1206, "an earlier payment with this coin has no answer from the exchange yet; repeat that one, or try again later"),
    Till(TillError::Refused(Refusal::WireMethod(_)))                        => (409, 2175, "the exchange cannot wire to the account of this contract"),
    Till(TillError::Refused(Refusal::DenominationExpired(_)))               => (410, 2165, "a coin has expired"),
    Till(TillError::NotAuthorized)                                          => (401, 2015, "send the header Authorization: Bearer secret-token:TOKEN with a token of this instance (tilld token create INSTANCE, or the back office's page Access makes one) or with its password in the place of TOKEN"),
    Till(TillError::TokenExpired)                                           => (401,   42, "the token has expired; make a new one: tilld token create INSTANCE, the back office's page Access, or POST /private/token with the password"),
    Till(TillError::NotPermitted(_))                                        => (403,   16, "the token's scope does not allow this"),
    Till(TillError::ScopeExceeded)                                          => (403,   16, "the token cannot be exchanged for one of this scope; the password, the fixed token and a refreshable token of a scope as large can"),
    Forged                                                             => (403, 2015, "the form was not sent from the back office's own page"),
    NoSelfProvisioning                                                 => (403, 2015, "this backend does not let people make instances themselves"),
    Till(TillError::TokenWrong)                                             => (403, 2105, "the order needs its claim token"),
    Till(TillError::HashWrong)                                              => (403, 2106, "the order needs the hash of its contract"),
    Till(TillError::OtherContract)                                          => (403, 2009, "the hash is not that of the order's contract"),
    Till(TillError::AbortOfOther)                                           => (403, 2255, "the hash is not that of the order's contract"),
    Till(TillError::UnclaimSignature)                                       => (403, 2303, "the wallet's signature is invalid"),
    Till(TillError::ReceiptWrong)                                           => (403, 2201, "the signature is not this shop's for this contract"),
    Till(TillError::RefundNotAllowed)                                       => (403, 2532, "the contract allows no refunds"),
    Path                                                               => (404,   21, "no resource at this path"),
    NoRefund                                                           => (404, 2005, "nothing of the order was refunded"),
    NoDocument(_)                                                      => (404,   21, "the shop has not published this document"),
    Till(TillError::InstanceUnknown(_))                                     => (404, 2000, "there is no such instance"),
    Till(TillError::InstanceDeleted(_))                                     => (404, 2016, "the instance was deleted"),
    Till(TillError::AccountUnknown)                                         => (404, 2022, "the instance has no such account"),
    Till(TillError::AccountNotActive)                                       => (404, 2626, "the instance does not use this account"),
    Till(TillError::OrderUnknown(_))                                        => (404, 2005, "there is no such order"),
    Till(TillError::ContractUnknown)                                        => (404, 2005, "there is no such order, or its contract has another hash"),
    Till(TillError::Inventory(InventoryError::CategoryUnknown(_)))       => (404, 2003, "there is no such category"),
    Till(TillError::Inventory(InventoryError::UnitUnknown))              => (404, 2004, "there is no such unit"),
    Till(TillError::Inventory(InventoryError::ProductUnknown(_)))        => (404, 2006, "there is no such product"),
    Till(TillError::Inventory(InventoryError::GroupUnknown(_)))          => (404, 2036, "there is no such group of products"),
    Till(TillError::Inventory(InventoryError::PotUnknown(_)))            => (404, 2037, "there is no such money pot"),
    Till(TillError::Inventory(InventoryError::ImageUnknown))             => (404,   21, "no product has a picture with this hash"),
    Till(TillError::TemplateUnknown(_))                                     => (404, 2018, "there is no such template"),
    Till(TillError::OtpDeviceUnknown)                                       => (404, 2021, "there is no such OTP device"),
    Till(TillError::OtpDeviceExists(_))                                     => (409, 2851, "there is an OTP device of this name with other content"),
    Till(TillError::OtpAlgorithmFixed)                                      => (409, 2852, "the algorithm of an OTP device cannot be changed; delete the device and add it again"),
    Till(TillError::TooManyOtpDevices)                                      => (507,   52, "the instance has as many OTP devices as it may have"),
    Till(TillError::WebhookUnknown(_))                                      => (404, 2019, "there is no such webhook"),
    Till(TillError::DeliveryUnknown(_))                                     => (404, 2020, "the webhook has no such delivery"),
    Till(TillError::KycExchangeUnreachable)                                 => (502, 2277, "the exchange cannot be reached, so that it is not known what it asks for"),
    Till(TillError::TransferUnknown)                                        => (404, 2017, "there is no such transfer"),
    Till(TillError::ExpectedTransferUnknown)                                => (404, 2040, "no exchange has named such a transfer"),
    Till(TillError::SessionUnknown)                                         => (404, 2038, "no order was made for this session"),
    Till(TillError::AbortOfUnknown)                                         => (404, 2253, "there is no such contract"),
    Till(TillError::ClaimUnknown)                                           => (404, 2300, "there is no such order, or it needs another token"),
    Till(TillError::NoAccount(_))                                           => (404, 2500, "the instance has no such bank account; add one with: tilld account add INSTANCE PAYTO"),
    Till(TillError::TokenUnknown(_))                                        => (404, 2042, "the instance has no such token"),
    Method(_)                                                          => (405,   20, "the path exists, but not for this method"),
    Format                                                             => (406,   78, "the document is not available in any format that you accept"),
    BodyTooSlow                                                        => (408,   11, "the request's body did not arrive in time"),
    Till(TillError::InstanceExists(_))                                      => (409, 2600, "there is an instance of this name with other settings"),
    Till(TillError::PurgeRequired(_))                                       => (409, 2603, "the name belongs to a deleted instance; purge that first"),
    Till(TillError::PatchOfDeleted(_))                                      => (409, 2625, "the instance was deleted and cannot be changed"),
    Till(TillError::AccountExists)                                          => (409, 2627, "the account exists with other details"),
    Till(TillError::RefundCurrency)                                         => (409, 2024, "the refund is in another currency than the price"),
    Till(TillError::AlreadyPaid(_))                                         => (409, 2160, "the order is paid already, in another way"),
    Till(TillError::AlreadyClaimed(_))                                      => (409, 2301, "another wallet has claimed the order"),
    Till(TillError::OrderExists(_))                                         => (409, 2503, "there is an order of this name with other content"),
    Till(TillError::NotForgettable(_))                                      => (409, 2511, "the contract does not allow this to be forgotten"),
    Till(TillError::NoExchange)                                             => (409, 2514, "no trusted exchange has coins in this currency"),
    Till(TillError::NoneCanWire)                                            => (409, 2509, "no trusted exchange of this currency can pay any account of this instance; add one of a kind that it pays with: tilld account add INSTANCE PAYTO"),
    Till(TillError::InstanceUnfinished(_))                                  => (409, 2520, "payments or refunds of the instance are unfinished; force=yes deletes it all the same, and keeps its key until the last refund is answered"),
    Till(TillError::AwaitingPayment)                                        => (409, 2520, "a wallet has claimed the order and may still pay; force=yes deletes it all the same"),
    Till(TillError::MustBeKept)                                             => (409, 2521, "the order is paid and must be kept for the books"),
    Till(TillError::RefundInconsistent)                                     => (409, 2530, "the refunds would be above the price, or below those granted before"),
    Till(TillError::RefundBelowFee)                                         => (409, 2530, "the exchange's refund fee is higher than the refund"),
    Till(TillError::RefundOfUnpaid)                                         => (409, 2531, "the order is not paid"),
    Till(TillError::TransferAnswered)                                       => (409, 2556, "the exchange has answered about this transfer, so that it cannot be taken back"),
    Till(TillError::TransferConflict)                                       => (409, 2557, "the transfer was confirmed before with another amount"),
    Till(TillError::TemplateExists(_))                                      => (409, 2850, "there is a template of this name with other content"),
    Till(TillError::Inventory(InventoryError::UnitBuiltin))              => (409, 2033, "the unit is built in; only unit_active, unit_allow_fraction and unit_precision_level can be changed"),
    Till(TillError::Inventory(InventoryError::ProductExists(_)))         => (409, 2650, "there is a product of this name with other details"),
    Till(TillError::Inventory(InventoryError::CategoryExists))           => (409, 2651, "another category is called so"),
    Till(TillError::Inventory(InventoryError::LostReduced))              => (409, 2660, "total_lost cannot become less"),
    Till(TillError::Inventory(InventoryError::StockReduced))             => (409, 2662, "total_stock cannot become less; send what was ever stocked: sold, lost and present together"),
    Till(TillError::Inventory(InventoryError::ProductHeld(_)))           => (409, 2680, "some of the product is locked or reserved by an unpaid order; force=yes deletes it all the same"),
    Till(TillError::Inventory(InventoryError::GroupExists))              => (409, 2690, "another group of products is called so"),
    Till(TillError::Inventory(InventoryError::PotExists))                => (409, 2691, "another money pot is called so"),
    Till(TillError::Inventory(InventoryError::PotChanged))               => (409, 2692, "there is something else in the pot than expected_pot_totals; look again"),
    Till(TillError::WebhookExists(_))                                       => (409, 2900, "there is a webhook of this name with other content"),
    Till(TillError::OfferExpired(_))                                        => (410, 2161, "the pay deadline of this order has passed"),
    Till(TillError::RefundTooLate)                                          => (410, 2169, "the refund deadline has passed"),
    Till(TillError::Inventory(InventoryError::OutOfStock(_)))            => (410, 2670, "there is not so much of this product"),
    Removed(_)                                                         => (410,   76, "this function of the 2019 API was removed"),
    Till(TillError::PaymentComplete)                                        => (412, 2254, "the payment is complete; ask the shop for a refund"),
    Till(TillError::Webhook(BadWebhook::Invalid { .. }) | TillError::WebhookRefused(_)) => (400,   26, "a parameter is malformed"),
    Till(TillError::Webhook(BadWebhook::TooLarge { .. }))                   => (413,   32, "a text of the webhook is too long"),
    BodyTooLong(_)                                                     => (413,   32, "the request's body is too long"),
    UriTooLong                                                         => (414,   31, "the request's URI is too long"),
    Till(TillError::TooManyAttempts(_))                                     => (429, 2015, "too many password attempts; wait a moment"),
    Till(TillError::TooManyWrites(_))                                       => (429, 2015, "too many orders or claims come from your network, or for this template; wait a moment"),
    Till(TillError::TooManyOpenOrders)                                      => (429, 2015, "the shop has too many unpaid orders of its templates; try again later"),
    Till(TillError::TooManyTests(_))                                        => (429, 2015, "test calls are made one at a time, and six a minute; wait a moment"),
    HeadTooLong                                                        => (431,   23, "the request's headers are too long"),
    Till(TillError::RefundBeyondLimit)                                      => (451, 2512, "the refund is above the exchange's limit"),
    Till(TillError::BeyondLimits)                                           => (451, 2513, "the price is above the limits of all exchanges"),
    Till(TillError::NoRandomness)                                           => (500,   77, "the system's random number generator failed"),
    Till(TillError::PasswordHash(_))                                        => (500,   60, "a password's hash could not be computed"),
    Till(TillError::Damaged(_))                                             => (500, 2008, "the stored order cannot be read"),
    Bug(_)                                                             => (500,   60, "internal error of the backend"),
    NotImplemented(_)                                                  => (501,   76, "this backend does not offer this"),
    Till(TillError::Overloaded)                                             => (503,   77, "the backend is busy; try again in a moment"),
    Till(TillError::TooManyWebhooks)                                        => (507,   52, "the instance has as many webhooks as it may have: 50; delete one"),
    Till(TillError::DiskReserve)                                            => (507,   52, "the disk is nearly full; the rest is reserved for payments"),
    Till(TillError::Inventory(InventoryError::Full(_)))                  => (507,   52, "the shop has as many of these as a shop may have"),
    Till(TillError::Store(store::Error::Busy | store::Error::Closed))       => (503,   55, "the database is busy; try again in a moment"),
    Till(TillError::Store(store::Error::Full))                              => (507,   52, "the disk is full"),
    Till(TillError::Store(store::Error::Commit(_)))                         => (500,   54, "the database could not be written"),
    Till(TillError::Store(_))                                               => (500,   53, "the database did not answer"),
    }
}

rows! {
    /// What is answered when an exchange is to blame, or says no.
    row_of_exchange(ExchangeErrorKind), EXCHANGE_FAILURES {
    ExchangeErrorKind::DenominationUnknown                             => (400, 2151, "the exchange has no such denomination"),
    ExchangeErrorKind::Signature                                       => (403, 2157, "the exchange says that a signature of a coin is invalid"),
    ExchangeErrorKind::DoubleSpend                                     => (409, 2150, "the exchange says that a coin was spent before"),
    ExchangeErrorKind::DenominationExpired                             => (410, 2165, "the exchange no longer accepts a coin"),
    ExchangeErrorKind::Legal                                           => (451, 2186, "the exchange may not take the coins for legal reasons; try those of another one"),
    ExchangeErrorKind::MasterKey                                       => (502, 2002, "the exchange has another master key than the one trusted"),
    ExchangeErrorKind::Keys                                            => (502, 2010, "the exchange's keys cannot be used"),
    ExchangeErrorKind::Unreachable                                     => (502, 2012, "the exchange cannot be reached"),
    ExchangeErrorKind::InvalidResponse                                 => (502, 2013, "the exchange's answer is invalid"),
    ExchangeErrorKind::ExchangeInternal                                => (502, 2014, "the exchange reports an internal error"),
    ExchangeErrorKind::Refused                                         => (502, 2170, "the exchange refuses"),
    ExchangeErrorKind::Timeout                                         => (504, 2011, "the exchange did not answer in time"),
    }
}

/// The status stated to wallets of one coin's failure: that of the exchange's answer, or a gateway's if
/// there was none, or it was no answer.
pub(super) fn stated_status(exchange_error: Option<&ExchangeError>) -> u16 {
    match exchange_error.and_then(|exchange_error| exchange_error.cause.status()) {
        None => 504,
        Some(200..=399) => 502,
        Some(status) => status,
    }
}

impl Failure {
    /// Status, Taler code, hint.
    pub(super) fn row(&self) -> Row {
        row_of(self)
    }

    /// The detail of this case: the name of the parameter, the limit, the scope.
    fn detail(&self) -> Option<String> {
        match self {
            Missing(name) => Some(name.clone().into_owned()),
            Header(name) => Some((*name).to_owned()),
            Malformed(text) | Json(text) | Payto(text) => Some(text.clone()),
            NotImplemented(what) | NoDocument(what) => Some((*what).to_owned()),
            BodyTooLong(limit) => Some(format!("at most {limit} bytes")),
            Till(TillError::InvalidField(bad)) => Some(bad.0.to_owned()),
            Till(TillError::NotPermitted(permission)) => Some(permission.as_str().to_owned()),
            Till(
                TillError::InstanceUnknown(id)
                | TillError::InstanceDeleted(id)
                | TillError::NoAccount(id),
            ) => Some(id.to_string()),
            Till(TillError::InstanceUnfinished(unfinished)) => Some(unfinished.to_string()),
            Till(TillError::Inventory(error)) => inventory_detail(error),
            Till(TillError::Order(BadOrder::Choices)) => None,
            Till(TillError::Order(bad)) => Some(bad.to_string()),
            Till(TillError::Template(
                BadTemplate::Missing(what)
                | BadTemplate::InvalidField(what)
                | BadTemplate::Unsupported(what),
            )) => Some((*what).to_owned()),
            Till(TillError::TemplateInput(bad)) => Some(bad.to_string()),
            Till(TillError::ForgetPath(bad)) => Some(bad.to_string()),
            Till(TillError::NotForgettable(what)) => Some(what.clone()),
            Till(TillError::Refused(why)) => Some(why.to_string()),
            Till(TillError::Exchange(exchange_error)) => Some(exchange_error.to_string()),
            Till(error @ (TillError::Webhook(_) | TillError::WebhookRefused(_))) => {
                Some(error.to_string())
            }
            Removed(what) => Some((*what).to_owned()),
            Legacy(_, cause) => cause.detail(),
            _ => None,
        }
    }

    /// Headers that belong to this answer.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let value = |text: String| HeaderValue::try_from(text).ok();
        match self {
            Legacy(_, cause) => cause.header(),
            Till(TillError::NotAuthorized | TillError::TokenExpired) => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            Till(
                TillError::TooManyAttempts(wait)
                | TillError::TooManyWrites(wait)
                | TillError::TooManyTests(wait),
            ) => Some((RETRY_AFTER, value((wait.as_secs() + 1).to_string())?)),
            Till(
                TillError::Overloaded | TillError::Store(store::Error::Busy | store::Error::Closed),
            ) => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            Till(TillError::TooManyOpenOrders) => {
                Some((RETRY_AFTER, HeaderValue::from_static("60")))
            }
            Till(
                TillError::Store(store::Error::Full)
                | TillError::DiskReserve
                | TillError::Inventory(InventoryError::Full(_)),
            ) => Some((RETRY_AFTER, HeaderValue::from_static("30"))),
            Method(allowed) => {
                let names: Vec<_> = allowed.iter().map(Method::as_str).collect();
                Some((ALLOW, value(names.join(", "))?))
            }
            _ => None,
        }
    }

    /// The answer, with the request id that the log uses.
    pub(super) fn answer(&self, request_id: &str) -> HttpResponse {
        let Row { code, hint, .. } = self.row();
        let detail = self.detail();
        let legacy = match self {
            Legacy(_, cause) => Some(LegacyProblem::of(hint, cause, detail.clone())),
            _ => None,
        };
        let exchange = match self {
            Till(TillError::Exchange(exchange_error)) => {
                Some(ExchangeProblem::from(&**exchange_error))
            }
            _ => None,
        };
        let unfinished = match self {
            Till(TillError::InstanceUnfinished(unfinished)) => Some(*unfinished),
            _ => None,
        };
        let out_of_stock = match self {
            Till(TillError::Inventory(error)) => OutOfStock::of(error),
            _ => None,
        };
        let request_id = request_id.to_owned();
        let body =
            Problem { code, hint, detail, legacy, request_id, exchange, unfinished, out_of_stock };
        let mut response = HttpResponse::build(self.status_code());
        if let Some(header) = self.header() {
            response.insert_header(header);
        }
        if matches!(self, BodyTooLong(_) | BodyTooSlow | BodyBroken) {
            // The rest of the body is not worth waiting for.
            response.force_close();
        }
        response.insert_header((CONTENT_TYPE, "application/json"));
        // With a blank after the colon: at least one shop looks for `"code": 2000` in the text.
        response.body(serde_json::to_string_pretty(&body).unwrap_or_default())
    }

    /// Logs the failure once: a client's mistake at debug, our own at error. An error is written at once
    /// for the first request that meets it, then as a count a minute (`log_limit`).
    pub(super) fn log(&self, request_id: &str, request: &str) {
        let Row { status, code, hint } = self.row();
        let line = format_args!("{request_id} {request}: {status} {code} {hint}: {self}");
        match status {
            // The till has logged it once; clients without a token could fill the log with it.
            _ if matches!(self, Till(TillError::DiskReserve)) => log::debug!("{line}"),
            // A client's matter: the shop's own limit.
            _ if matches!(self, Till(TillError::Inventory(_))) => log::debug!("{line}"),
            503 | 507 => log_limit::warn(hint, line),
            501 => log::debug!("{line}"),
            500..=599 => log_limit::error(hint, line),
            _ => log::debug!("{line}"),
        }
    }
}

/// Which product, category, group or pot is meant.
fn inventory_detail(error: &InventoryError) -> Option<String> {
    use InventoryError::*;
    match error {
        ProductUnknown(id) | ProductExists(id) | ProductHeld(id) => Some(id.as_str().to_owned()),
        OutOfStock(shortage) => Some(shortage.product_id.as_str().to_owned()),
        CategoryUnknown(serial) | GroupUnknown(serial) | PotUnknown(serial) => {
            Some(serial.to_string())
        }
        Full(what) => Some((*what).to_owned()),
        LostReduced | LostBeyondStock | StockReduced | CategoryExists | UnitUnknown
        | UnitBuiltin | GroupExists | PotExists | PotChanged | ImageUnknown => None,
    }
}

/// What every refusal says.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct Problem<'a> {
    /// A code of Taler's list. It says more than the status.
    #[cfg_attr(test, schema(value_type = values::ErrorCode))]
    code: u32,
    /// The code in words, in English.
    #[cfg_attr(test, schema(value_type = String, example = "there is no such order"))]
    hint: &'a str,
    /// What is special about this case, such as the name of the member that is malformed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "2026.120-03PJ2M8A5H7XE"))]
    detail: Option<String>,
    /// What shops of 2019 read.
    #[serde(flatten)]
    #[cfg_attr(test, schema(ignore))]
    legacy: Option<LegacyProblem>,
    /// Names the request in the log. The header `X-Request-Id` says the same.
    #[cfg_attr(test, schema(example = "5d1f0a3c-17"))]
    request_id: String,
    /// What an exchange has answered.
    #[serde(flatten)]
    #[cfg_attr(test, schema(ignore))]
    exchange: Option<ExchangeProblem>,
    /// Unfinished payments and refunds of the instance.
    #[serde(flatten)]
    #[cfg_attr(test, schema(ignore))]
    unfinished: Option<Unfinished>,
    /// The product of which there is too little.
    #[serde(flatten)]
    #[cfg_attr(test, schema(ignore))]
    out_of_stock: Option<OutOfStock>,
}

/// What shops of 2019 read besides. It is missing where a request is refused before its path is looked at.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct LegacyProblem {
    /// The hint again.
    #[cfg_attr(test, schema(required = false, value_type = String, example = "there is no such order"))]
    error: &'static str,
    /// Which parameter is missing or malformed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "timeout"))]
    parameter: Option<String>,
    /// Which member of the order does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "pay_deadline"))]
    field: Option<String>,
    /// The code of today.
    #[cfg_attr(test, schema(required = false, value_type = values::ErrorCode))]
    ec: u32,
}

impl LegacyProblem {
    fn of(hint: &'static str, cause: &Failure, detail: Option<String>) -> Self {
        let names_parameter =
            matches!(cause, Missing(_) | Malformed(_) | Till(TillError::InvalidField(_)));
        let field = match cause {
            Till(TillError::Order(bad)) => bad.member().map(str::to_owned),
            _ => None,
        };
        let parameter = detail.filter(|_| names_parameter);
        Self { error: hint, parameter, field, ec: cause.row().code }
    }
}

/// An exchange's answer, for wallets (merchant-api 3.5).
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct ExchangeProblem {
    /// The exchange's base URL.
    #[cfg_attr(test, schema(required = false))]
    exchange_url: BaseUrl,
    /// The HTTP status of its answer; 0 if there was none.
    #[cfg_attr(test, schema(required = false, value_type = values::HttpStatus))]
    exchange_http_status: u16,
    /// The Taler code of its answer; 0 if it sent none.
    #[cfg_attr(test, schema(required = false, value_type = values::ErrorCode))]
    exchange_code: u32,
    /// Its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<values::AnyObject>))]
    exchange_reply: Option<serde_json::Value>,
    /// The exchanges that may not take the coins for legal reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<Vec<BaseUrl>>))]
    exchange_base_urls: Option<[BaseUrl; 1]>,
}

impl From<&ExchangeError> for ExchangeProblem {
    fn from(exchange_error: &ExchangeError) -> Self {
        let exchange_url = exchange_error.exchange_url.clone();
        let legal = exchange_error.cause.kind() == ExchangeErrorKind::Legal;
        Self {
            exchange_http_status: exchange_error.cause.status().unwrap_or(0),
            exchange_code: exchange_error.cause.code().unwrap_or(0),
            exchange_reply: exchange_error.cause.reply().cloned(),
            exchange_base_urls: legal.then(|| [exchange_url.clone()]),
            exchange_url,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Till(error) => error.fmt(f),
            Legacy(_, cause) => cause.fmt(f),
            Bug(what) => f.write_str(what),
            _ => f.write_str(&self.detail().unwrap_or_default()),
        }
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.row().status_code()
    }

    fn error_response(&self) -> HttpResponse {
        // Without a request id; the middleware renders it again, with one.
        self.answer("")
    }
}

impl From<till::Error> for Failure {
    fn from(error: till::Error) -> Self {
        Till(error)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Every row that a client of today can get, with the failures that it is for.
    pub(in crate::http) fn every_listed() -> impl Iterator<Item = &'static Listed> {
        FAILURES.iter().chain(EXCHANGE_FAILURES)
    }

    /// Every row that a client of today can get.
    pub(in crate::http) fn every_row() -> impl Iterator<Item = Row> {
        every_listed().map(|one| one.row)
    }

    /// The rows of the failures that are called `word`, or are of that kind.
    pub(in crate::http) fn listed(word: &str) -> Vec<&'static Listed> {
        every_listed().filter(|one| one.words().contains(&word)).collect()
    }

    fn quoted(status: u16, code: u32) -> (Row, serde_json::Value) {
        let cause = till::ExchangeCause::Refused {
            status,
            code: Some(code),
            reply: serde_json::json!({ "coin_pub": "x" }),
        };
        answered(cause)
    }

    fn answered(cause: till::ExchangeCause) -> (Row, serde_json::Value) {
        let exchange_url = BaseUrl::parse("https://exchange.example/").unwrap();
        let failure = Till(TillError::Exchange(Box::new(ExchangeError { exchange_url, cause })));
        let body = failure.answer("R1").into_body();
        let body = actix_web::body::MessageBody::try_into_bytes(body).unwrap();
        (failure.row(), serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn an_exchange_is_quoted_for_the_wallet() {
        // Each kind of refusal.
        for (status, code, own) in [
            (403, 1205, 403),
            (404, 1005, 400),
            (409, 1012, 409),
            (410, 1010, 410),
            (429, 1, 504),
            (451, 1028, 451),
            (400, 26, 502),
            (500, 1, 502),
        ] {
            let (row, json) = quoted(status, code);
            assert_eq!(row.status, own);
            assert_eq!(json["exchange_url"], "https://exchange.example/");
            assert_eq!(json["exchange_http_status"], status);
            assert_eq!(json["exchange_code"], code);
            assert_eq!(json["exchange_reply"]["coin_pub"], "x");
            assert_eq!(json["exchange_base_urls"].is_array(), status == 451);
        }
    }

    /// Wallets read both numbers without asking whether they are there.
    #[test]
    fn an_exchange_that_said_nothing_is_quoted_with_zeros() {
        let (_, json) = answered(till::ExchangeCause::Unreachable("no route".into()));
        assert_eq!((&json["exchange_http_status"], &json["exchange_code"]), (&0.into(), &0.into()));
    }

    #[test]
    fn a_coin_without_an_answer_has_the_status_of_a_gateway() {
        let exchange_url = BaseUrl::parse("https://exchange.example/").unwrap();
        let stated = |cause| {
            stated_status(Some(&ExchangeError { exchange_url: exchange_url.clone(), cause }))
        };
        assert_eq!(stated_status(None), 504);
        assert_eq!(stated(till::ExchangeCause::Timeout), 504);
        assert_eq!(stated(till::ExchangeCause::Unconfirmed), 502);
        assert_eq!(stated(till::ExchangeCause::NotJson { status: 301 }), 502);
        assert_eq!(stated(till::ExchangeCause::NotJson { status: 429 }), 429);
    }

    #[test]
    fn statuses_are_those_of_the_code_list() {
        let list = include_str!("../../tests/vectors/error-codes.tsv");
        let listed: HashMap<u32, u16> = list
            .lines()
            .skip(1)
            .filter_map(|line| {
                let mut columns = line.split('\t');
                let code = columns.next()?.parse().ok()?;
                Some((code, columns.nth(1)?.parse().ok()?))
            })
            .collect();
        // Where the list knows no code for a status that HTTP has, the nearest code is sent.
        let own = [
            (400, 12),
            (403, 2015),
            (408, 11),
            (410, 76),
            (429, 2015),
            (431, 23),
            (502, 2012),
            (503, 55),
            (503, 77),
            (507, 52),
        ];
        for Row { status, code, hint } in every_row() {
            let known = listed.get(&code).unwrap_or_else(|| panic!("{code} is not listed"));
            assert!(*known == status || own.contains(&(status, code)), "{code} {hint}: {known}");
            assert!(!hint.is_empty());
        }
    }

    #[test]
    fn every_answer_has_code_and_hint_with_a_blank_after_the_colon() {
        for Row { status, code, hint } in every_row() {
            let failure = Legacy(Row::new(status, code, hint), Box::new(Path));
            let response = failure.answer("R1");
            assert_eq!(response.status().as_u16(), status);
            let body = actix_web::body::MessageBody::try_into_bytes(response.into_body()).unwrap();
            let text = std::str::from_utf8(&body).unwrap();
            assert!(text.contains(&format!("\"code\": {code}")), "{text}");
            let json: serde_json::Value = serde_json::from_str(text).unwrap();
            assert!(json["hint"].is_string() && json["request_id"] == "R1");
        }
    }
}
