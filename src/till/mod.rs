//! The use cases of the till: one method a use case, one file a subject.
//!
//! A [`Till`] gets its store and its settings, and serves all entry points alike: HTTP, the
//! command line, and background jobs. A use case reads, decides with `model`, writes, and returns the
//! result; it knows no status codes and no JSON. Authority is a value: a [`Principal`].

pub mod access;
mod account;
mod address;
mod attempts;
mod claim;
mod exchange;
mod exchange_error;
mod exchange_refunds;
mod health;
mod instance;
mod kyc;
mod lookup;
mod order;
mod order_locks;
mod password;
mod pay;
mod pending;
mod refund;
mod reports;
mod setup;
mod status;
mod strangers;
mod template;
mod time;
mod verified_passwords;
mod wait;
mod web_session;
mod webhooks;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use crate::exchange::Times;
use crate::hub::{self, Hub};
use crate::model::access::Permission;
use crate::model::contract::BadOrder;
use crate::model::instance::{Instance, InstanceSettings, Unfinished};
use crate::model::invalid_field::InvalidField;
use crate::model::webhook::DeliverySerial;
use crate::store::{self, Store};
pub use crate::webhook::BadWebhook;
use order_locks::OrderLocks;
use system::NoRandomness;
use system::clock::{Clock, ClockMonitor};
use taler::amount::Currency;
use taler::canonical;
use taler::currency::CurrencySpecification;
use taler::exchange::Trusted;
use taler::ids::{InstanceId, OrderId, TemplateId, WebhookId};
use taler::path::BadPath;
use taler::template::{BadTemplate, TemplateMismatch};
use taler::time::{RelativeTime, Timestamp};

pub use access::{Admission, ApiToken, CreateToken, IssuedToken, Principal};
pub use account::CreateAccount;
pub use claim::Claimed;
pub use exchange::{
    ExchangeFailure, ExchangeRefusal, ExchangeState, INTRODUCTION, ListedExchange, MAX_EXCHANGES,
    Refreshed, check_address, listed,
};
pub use exchange_error::{ExchangeError, ExchangeErrorKind};
pub use exchange_refunds::{Aborted, CollectedRefund, CollectedRefunds};
pub use health::{BackupAge, ExchangeKeys, Finding, Findings, Severity, WebhookState};
pub use instance::{Auth, CreateInstance, Deletion};
pub use kyc::{Kyc, KycAsk, KycStatus, KycTransfer};
pub use order::{CreateOrder, CreatedOrder, MAX_LIST, Paging};
pub use password::Password;
pub use pay::{CoinPayment, ManualPayment, Receipt, Refusal};
pub use pending::PendingWork;
pub use refund::{GrantRefund, Smaller};
pub use reports::{DateRange, Entry, History, Report, ReportWriter, Total};
pub use setup::{SetupCode, SetupRefusal};
pub use status::{Machine, ShopStatus, Step};
pub use strangers::StrangerLimits;
pub use wait::{
    Credential, PaymentState, Poll2019, PublicStatus, PublicStatusQuery, Purchase, Repurchase,
    Status, StatusQuery, WaitLimit,
};
pub use web_session::Activity;
pub use webhooks::{
    MAX_DELIVERIES, OLD_SECRET_S, TestCall, TestedWebhook, USUAL_DELIVERIES, WebhookPolicy,
};
// For the description of the API.
#[cfg(test)]
pub(crate) use {
    password::MAX_PASSWORD, pay::MAX_COINS, refund::MAX_REASON, webhooks::MAX_OLD_SECRET_S,
};

pub use crate::exchange::{Error as ExchangeCause, Exchange};
pub use crate::store::coin_refunds::{CoinRefund, Outcome};
pub use crate::store::orders::Filter;
pub use crate::store::spool::{Spool, Spooled};
pub use crate::store::storage_info::StorageInfo;
pub use crate::store::webhooks::{Health, Losses};

/// The settings for all instances of this daemon.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Default currency of amounts.
    pub currency: Currency,
    /// Every currency that is known, and how to show it.
    pub currencies: Vec<CurrencySpecification>,
    /// The exchanges that the settings file has; others are in the database.
    pub exchanges: Vec<Trusted>,
    /// Time limit and retries of requests to exchanges.
    pub exchange_times: Times,
    /// Time to pay, where an instance says nothing.
    pub default_pay_delay: RelativeTime,
    /// Time for refunds, where an instance says nothing.
    pub default_refund_delay: RelativeTime,
    /// Time until the exchange wires, where an instance says nothing.
    pub default_wire_transfer_delay: RelativeTime,
    /// Limits on writes of clients without a token.
    pub strangers: StrangerLimits,
    /// Which addresses webhooks may call, and how long their log is.
    pub webhooks: WebhookPolicy,
}

/// The till itself. Cheap to clone; all clones are one till.
#[derive(Clone, Debug)]
pub struct Till {
    store: Store,
    hub: Hub,
    clock: Clock,
    terms: Arc<Policy>,
    exchanges: Arc<exchange::Directory>,
    passwords: Arc<password::Gate>,
    remembered: Arc<verified_passwords::VerifiedPasswords>,
    locks: OrderLocks,
    uses: web_session::Uses,
    addresses: address::Kept,
    pending_work: Arc<Notify>,
    contacts: pending::Contacts,
    witness: Arc<Mutex<ClockMonitor>>,
    exporting: Arc<Semaphore>,
    strangers: Arc<strangers::Strangers>,
    outgoing: Arc<webhooks::Outgoing>,
}

/// Why a use case failed.
#[derive(Debug)]
pub enum Error {
    /// The store could not do it; [`store::Error`] says why.
    Store(store::Error),
    /// No instance goes by this name.
    InstanceUnknown(InstanceId),
    /// The instance was deleted and only its history is left.
    InstanceDeleted(InstanceId),
    /// The name belongs to an instance with other settings.
    InstanceExists(InstanceId),
    /// The name belongs to a deleted instance that must be purged first.
    PurgeRequired(InstanceId),
    /// A deleted instance cannot be changed.
    PatchOfDeleted(InstanceId),
    /// Money of the instance is under way, so that it is deleted by force only; what there is.
    InstanceUnfinished(Unfinished),
    /// No credentials, wrong ones, or ones that tilld does not know.
    NotAuthorized,
    /// The token was good once.
    TokenExpired,
    /// The token's scope lacks this permission.
    NotPermitted(Permission),
    /// The token may not be traded for one of the scope asked for.
    ScopeExceeded,
    /// Too many passwords were tried; come back after this time.
    TooManyAttempts(Duration),
    /// Too much was written for strangers of this network, or of this template; come back after this
    /// time.
    TooManyWrites(Duration),
    /// The shop has too many unpaid orders that strangers have made.
    TooManyOpenOrders,
    /// The rest of the disk is reserved for payments.
    DiskReserve,
    /// So many passwords wait to be checked that this one was not.
    Overloaded,
    /// No token has this serial number.
    TokenUnknown(i64),
    /// No account of the instance has this hash.
    AccountUnknown,
    /// The account to be removed is not there, or not in use.
    AccountNotActive,
    /// The account is there, with other details.
    AccountExists,
    /// The account does not say whose it is, which every contract must (merchant-api 1.4).
    NoReceiverName,
    /// The shop has no such order.
    OrderUnknown(OrderId),
    /// There is no such order, or it needs another token.
    ClaimUnknown,
    /// Another wallet has claimed the order.
    AlreadyClaimed(OrderId),
    /// The order's claim token is another.
    TokenWrong,
    /// The hash of the order's contract is another.
    HashWrong,
    /// The time to pay the order is over.
    OfferExpired(OrderId),
    /// No contract has this hash, or not for this order.
    ContractUnknown,
    /// No order was made for the session.
    SessionUnknown,
    /// The shop has no account that the money could go to.
    NoAccount(InstanceId),
    /// No trusted exchange has coins in the order's currency.
    NoExchange,
    /// No exchange that has coins in the order's currency can pay any of the shop's accounts.
    NoneCanWire,
    /// The price is more than all exchanges together let a shop take.
    BeyondLimits,
    /// The name belongs to another order.
    OrderExists(OrderId),
    /// No contract can be made of the order.
    Order(BadOrder),
    /// The shop has no such product: it has no inventory.
    ProductUnknown,
    /// The shop has no such device.
    OtpDeviceUnknown,
    /// The order is paid, in another way.
    AlreadyPaid(OrderId),
    /// It will not go with these coins.
    Refused(Refusal),
    /// An exchange would not, or could not.
    Exchange(Box<ExchangeError>),
    /// The signature by which a wallet gives an order back does not hold.
    UnclaimSignature,
    /// There is no contract whose payment could be aborted.
    AbortOfUnknown,
    /// The hash of the contract whose payment is to be aborted is another.
    AbortOfOther,
    /// The payment is complete, and nothing can be aborted.
    PaymentComplete,
    /// The hash is not that of the order's contract.
    OtherContract,
    /// The exchange's fee for the refund is higher than the refund.
    RefundBelowFee,
    /// The refund is more than an exchange gives back at a time.
    RefundBeyondLimit,
    /// The receipt is not the shop's, or for another contract.
    ReceiptWrong,
    /// The hash is that of another order's contract.
    ContractMismatch,
    /// There is nothing to refund.
    RefundOfUnpaid,
    /// The refund is in another currency than the price.
    RefundCurrency,
    /// The refund is above the price, or below what was granted before.
    RefundInconsistent,
    /// The contract allows no refunds.
    RefundNotAllowed,
    /// The time for refunds is over.
    RefundTooLate,
    /// A wallet has claimed the order and may pay it.
    AwaitingPayment,
    /// The order is paid and must be kept for the books.
    MustBeKept,
    /// A path into a contract is invalid.
    ForgetPath(BadPath),
    /// A part of the contract cannot be forgotten; which one.
    NotForgettable(String),
    /// The shop has no such template.
    TemplateUnknown(TemplateId),
    /// The name belongs to another template.
    TemplateExists(TemplateId),
    /// The template is invalid.
    Template(BadTemplate),
    /// No order comes of the template and what the customer says.
    TemplateInput(TemplateMismatch),
    /// The shop has no such webhook.
    WebhookUnknown(WebhookId),
    /// The name belongs to another webhook.
    WebhookExists(WebhookId),
    /// The shop has as many webhooks as it may have.
    TooManyWebhooks,
    /// The texts of the webhook are malformed or too long.
    Webhook(BadWebhook),
    /// The webhook's address may not be called; why.
    WebhookRefused(String),
    /// The webhook has no such delivery.
    DeliveryUnknown(DeliverySerial),
    /// Too many test calls were made; come back after this time.
    TooManyTests(Duration),
    /// A stored order cannot be read.
    Damaged(String),
    /// A value does not fit; it says which.
    InvalidField(InvalidField),
    /// The machine has no randomness to give.
    NoRandomness,
    /// A password could not be hashed, or its stored hash is damaged.
    PasswordHash(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::InstanceUnknown(id) => write!(f, "there is no instance {id}"),
            Self::InstanceDeleted(id) => write!(f, "the instance {id} was deleted"),
            Self::InstanceExists(id) => write!(f, "the instance {id} exists already"),
            Self::PurgeRequired(id) => {
                write!(f, "the name {id} belongs to a deleted instance; purge that first")
            }
            Self::PatchOfDeleted(id) => {
                write!(f, "the instance {id} was deleted and cannot be changed")
            }
            Self::InstanceUnfinished(unfinished) => write!(
                f,
                "there are {unfinished}; with force, all of that is refunded, and the key is kept \
                 until the exchange has confirmed the last refund"
            ),
            Self::NotAuthorized => f.write_str("not authorized"),
            Self::TokenExpired => f.write_str("the token has expired"),
            Self::NotPermitted(permission) => {
                write!(f, "the token lacks the permission {}", permission.as_str())
            }
            Self::ScopeExceeded => {
                f.write_str("the token cannot be exchanged for one of this scope")
            }
            Self::TooManyAttempts(wait) => {
                write!(f, "too many password attempts; wait {} s", wait.as_secs())
            }
            Self::TooManyWrites(wait) => {
                write!(f, "too many orders and claims; wait {} s", wait.as_secs())
            }
            Self::TooManyOpenOrders => f.write_str("too many unpaid orders of templates"),
            Self::DiskReserve => f.write_str("the rest of the disk is reserved for payments"),
            Self::Overloaded => f.write_str("too many passwords are being checked"),
            Self::TokenUnknown(serial) => write!(f, "there is no token {serial}"),
            Self::AccountUnknown => f.write_str("there is no such account"),
            Self::AccountNotActive => f.write_str("this account is not in use"),
            Self::AccountExists => f.write_str("the account exists with other details"),
            Self::NoReceiverName => {
                f.write_str("the account lacks the holder's name (?receiver-name=…)")
            }
            Self::OrderUnknown(id) => write!(f, "there is no order {id}"),
            Self::ClaimUnknown => f.write_str("there is no such order for this wallet"),
            Self::AlreadyClaimed(id) => write!(f, "another wallet has claimed the order {id}"),
            Self::TokenWrong => f.write_str("the claim token is wrong"),
            Self::HashWrong => f.write_str("the contract's hash is wrong"),
            Self::OfferExpired(id) => write!(f, "the pay deadline of order {id} has passed"),
            Self::ContractUnknown => f.write_str("there is no such contract"),
            Self::SessionUnknown => f.write_str("there is no order for this session"),
            Self::NoAccount(id) => write!(f, "the instance {id} has no such bank account in use"),
            Self::NoExchange => f.write_str("no trusted exchange has coins of this currency"),
            Self::NoneCanWire => {
                f.write_str("no exchange of this currency can pay any account of the shop")
            }
            Self::OrderExists(id) => write!(f, "an order {id} with other content exists"),
            Self::Order(bad) => bad.fmt(f),
            Self::ProductUnknown => f.write_str("there is no such product"),
            Self::OtpDeviceUnknown => f.write_str("there is no such OTP device"),
            Self::AlreadyPaid(id) => write!(f, "the order {id} is paid already"),
            Self::Refused(why) => why.fmt(f),
            Self::Exchange(exchange_error) => exchange_error.fmt(f),
            Self::UnclaimSignature => f.write_str("the wallet's signature is invalid"),
            Self::AbortOfUnknown => f.write_str("there is no such contract"),
            Self::AbortOfOther => f.write_str("the contract's hash is wrong"),
            Self::PaymentComplete => f.write_str("the payment is complete"),
            Self::OtherContract => f.write_str("the hash is not that of the order's contract"),
            Self::RefundBelowFee => f.write_str("the refund is below the exchange's refund fee"),
            Self::RefundBeyondLimit => f.write_str("the refund is above an exchange's limit"),
            Self::BeyondLimits => f.write_str("the price is above the limits of all exchanges"),
            Self::ReceiptWrong => f.write_str("the receipt's signature is not this shop's"),
            Self::ContractMismatch => f.write_str("the contract belongs to another order"),
            Self::RefundOfUnpaid => f.write_str("the order is not paid"),
            Self::RefundCurrency => f.write_str("the refund is in another currency"),
            Self::RefundInconsistent => {
                f.write_str("the refund is above the price or below an earlier one")
            }
            Self::RefundNotAllowed => f.write_str("the contract allows no refunds"),
            Self::RefundTooLate => f.write_str("the refund deadline has passed"),
            Self::AwaitingPayment => {
                f.write_str("a wallet has claimed the order and may still pay")
            }
            Self::MustBeKept => f.write_str("the order is paid and must be kept"),
            Self::ForgetPath(bad) => bad.fmt(f),
            Self::NotForgettable(what) => f.write_str(what),
            Self::TemplateUnknown(id) => write!(f, "there is no template {id}"),
            Self::TemplateExists(id) => write!(f, "a template {id} with other content exists"),
            Self::Template(bad) => bad.fmt(f),
            Self::TemplateInput(bad) => bad.fmt(f),
            Self::WebhookUnknown(id) => write!(f, "there is no webhook {id}"),
            Self::WebhookExists(id) => write!(f, "a webhook {id} with other content exists"),
            Self::TooManyWebhooks => f.write_str("the shop has as many webhooks as it may have"),
            Self::Webhook(bad) => bad.fmt(f),
            Self::WebhookRefused(why) => write!(f, "url: {why}"),
            Self::DeliveryUnknown(serial) => write!(f, "there is no delivery {}", serial.0),
            Self::TooManyTests(wait) => {
                write!(f, "too many test calls; wait {} s", wait.as_secs())
            }
            Self::Damaged(what) => write!(f, "a stored contract is damaged: {what}"),
            Self::InvalidField(bad) => bad.fmt(f),
            Self::NoRandomness => f.write_str("the system's random number generator failed"),
            Self::PasswordHash(cause) => write!(f, "password hash: {cause}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<NoRandomness> for Error {
    fn from(NoRandomness: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<BadOrder> for Error {
    fn from(bad: BadOrder) -> Self {
        Self::Order(bad)
    }
}

impl From<BadPath> for Error {
    fn from(bad: BadPath) -> Self {
        Self::ForgetPath(bad)
    }
}

impl From<BadTemplate> for Error {
    fn from(bad: BadTemplate) -> Self {
        Self::Template(bad)
    }
}

impl From<TemplateMismatch> for Error {
    fn from(bad: TemplateMismatch) -> Self {
        Self::TemplateInput(bad)
    }
}

impl From<InvalidField> for Error {
    fn from(bad: InvalidField) -> Self {
        Self::InvalidField(bad)
    }
}

impl Till {
    /// A till over `store`, which announces to `hub`.
    pub fn new(store: Store, hub: Hub, terms: Policy, clock: Clock) -> Self {
        let exchanges = Arc::new(exchange::Directory::open(&terms, &store, &clock));
        let strangers = Arc::new(strangers::Strangers::new(terms.strangers));
        let outgoing = webhooks::Outgoing::new(terms.webhooks.clone());
        let (terms, passwords) = (Arc::new(terms), Arc::new(password::Gate::new()));
        let (locks, pending_work) = (OrderLocks::default(), Arc::new(Notify::new()));
        let (uses, exporting) = (web_session::Uses::default(), Arc::new(Semaphore::new(1)));
        let addresses = address::Kept::default();
        let contacts = pending::Contacts::default();
        let witness = Arc::new(Mutex::new(time::witness(&store, &clock)));
        Self {
            store,
            hub,
            clock,
            terms,
            exchanges,
            passwords,
            remembered: Arc::default(),
            locks,
            uses,
            addresses,
            pending_work,
            contacts,
            witness,
            exporting,
            strangers,
            outgoing,
        }
    }

    /// The current time of the till's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Answers all parked requests at once, and parks no more.
    pub fn close_polls(&self) {
        self.hub.close();
    }

    /// Number of parked requests.
    pub fn hub_stats(&self) -> hub::Stats {
        self.hub.stats()
    }

    /// The settings for all instances.
    pub fn policy(&self) -> &Policy {
        &self.terms
    }

    /// State of the store, for the operator.
    pub fn store_stats(&self) -> store::Stats {
        self.store.stats()
    }

    /// Default settings of a new instance called `name`.
    pub fn plain_settings(&self, name: &str) -> InstanceSettings {
        InstanceSettings {
            name: name.to_owned(),
            email: None,
            phone_number: None,
            website: None,
            logo: None,
            address: Default::default(),
            jurisdiction: Default::default(),
            use_stefan: true,
            default_pay_delay: self.terms.default_pay_delay,
            default_refund_delay: self.terms.default_refund_delay,
            default_wire_transfer_delay: self.terms.default_wire_transfer_delay,
            default_wire_transfer_rounding_interval: Default::default(),
            business_day: Default::default(),
        }
    }

    /// The instance called `id`, alive.
    ///
    /// # Errors
    /// [`Error::InstanceUnknown`], [`Error::InstanceDeleted`].
    pub async fn instance(&self, id: &InstanceId) -> Result<Instance, Error> {
        let wanted = id.clone();
        let found = self.store.read(move |db| store::instances::find(db, &wanted)).await?;
        alive(found, id)
    }
}

/// `found` if it is there and not deleted.
fn alive(found: Option<Instance>, id: &InstanceId) -> Result<Instance, Error> {
    match found {
        None => Err(Error::InstanceUnknown(id.clone())),
        Some(instance) if instance.is_deleted() => Err(Error::InstanceDeleted(id.clone())),
        Some(instance) => Ok(instance),
    }
}

/// The terms of an order, as they are kept.
fn read_terms(text: &str) -> Result<serde_json::Value, Error> {
    canonical::parse(text).map_err(|bad| Error::Damaged(bad.to_string()))
}

/// Whose attempts are counted together: a client's address, IPv6 by its network of 64 bits, since
/// a client with one such address has all of them.
fn rate_limit_key(client: Option<IpAddr>) -> Option<IpAddr> {
    match client.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            Some(std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
        }
        other => other,
    }
}
