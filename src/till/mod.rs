//! The use cases of the till: one method a use case, one file a subject.
//!
//! A [`Till`] gets its store and its settings, and serves all entry points alike: HTTP, the
//! command line, and background jobs. A use case reads, decides with `model`, writes, and returns the
//! result; it knows no status codes and no JSON. Authority is a value: a [`Principal`].

pub mod access;
mod account;
mod address;
mod attempts;
mod cart;
mod cashier;
mod category;
mod claim;
mod exchange;
mod exchange_error;
mod exchange_refunds;
mod group;
mod health;
mod instance;
mod inventory_error;
mod inventory_events;
mod kyc;
mod lookup;
mod order;
mod order_locks;
mod otp_device;
mod password;
mod pay;
mod pending;
mod pos;
mod pot;
mod product;
mod product_import;
mod receipt;
mod refund;
mod reports;
mod settlement;
mod setup;
mod statistics;
mod status;
mod stock;
mod strangers;
mod taxes;
mod template;
mod time;
mod undo;
mod unit;
mod verified_passwords;
mod wait;
mod web_session;
mod webhooks;

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
use crate::model::otp_device::MAX_OTP_DEVICES;
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
use taler::ids::{InstanceId, OrderId, OtpDeviceId, TemplateId, WebhookId};
use taler::path::BadPath;
use taler::template::{BadTemplate, TemplateMismatch};
use taler::time::{RelativeTime, Timestamp};

pub use access::{Admission, ApiToken, CreateToken, IssuedToken, Principal};
pub use account::CreateAccount;
pub use cart::{Cart, CartOffer, MAX_LOCK_UUIDS};
pub use cashier::{Added, Sale};
pub use claim::Claimed;
pub use exchange::{
    ExchangeFailure, ExchangeRefusal, ExchangeState, INTRODUCTION, ListedExchange, MAX_EXCHANGES,
    Refreshed, check_address, listed,
};
pub use exchange_error::{ExchangeError, ExchangeErrorKind};
pub use exchange_refunds::{Aborted, CollectedRefund, CollectedRefunds};
pub use health::{BackupAge, ExchangeKeys, Finding, Findings, Severity, WebhookState};
pub use instance::{Auth, CreateInstance, Deletion};
pub use inventory_error::InventoryError;
pub use kyc::{Kyc, KycAsk, KycStatus, KycTransfer};
pub use order::{CreateOrder, CreatedOrder, MAX_LIST, Paging};
pub use password::Password;
pub use pay::{CoinPayment, ManualPayment, PaidByCoins, Receipt, Refusal, Replayed};
pub use pending::PendingWork;
pub use pos::{PointOfSale, WithPictures};
pub use pot::{FilledPot, PotChange};
pub use product::{HeldProduct, LockProduct, ProductPaging};
pub use product_import::{
    Import, ImportPlan, ImportTable, Imported, MAX_IMPORT_LINES, PlannedProduct,
};
pub use receipt::ReceiptContent;
pub use refund::{GrantRefund, Smaller};
pub use reports::{DateRange, Entry, History, Report, ReportWriter, TaxEntry, Total};
pub use settlement::{
    ConfirmTransfer, DueSettlements, ExpectedDetails, MAX_TRANSFERS, SettlementVisit, WireDetail,
    WireReport, WireState,
};
pub use setup::{SetupCode, SetupRefusal};
pub use statistics::{Bucket, BucketRange, Statistics, Sum};
pub use status::{Machine, ShopStatus, Step};
pub use stock::{ShownProducts, returned};
pub use strangers::StrangerLimits;
pub use template::Offer;
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
pub(crate) use {password::MAX_PASSWORD, refund::MAX_REASON, webhooks::MAX_OLD_SECRET_S};
#[cfg(all(test, feature = "legacy"))]
pub(crate) use {pay::MAX_COINS, pot::MAX_TOTALS};

pub use crate::exchange::{Error as ExchangeCause, Exchange};
pub use crate::store::coin_refunds::{CoinRefund, Outcome};
pub use crate::store::orders::Filter;
pub use crate::store::settlements::TransferredCoin;
pub use crate::store::spool::{Spool, Spooled};
pub use crate::store::storage_info::StorageInfo;
pub use crate::store::transfers::{
    ConfirmedTransfer, ExpectedTransfer, TransferCounts, TransferFilter,
};
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
    /// Whether products of an order that the inventory knows by their `product_id` count as sold when it is paid
    /// (inventory 8.2).
    pub stock_by_product_id: bool,
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
    settling: Arc<settlement::Settling>,
    kyc_checks: kyc::KycChecks,
}

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store could not do it; [`store::Error`] says why.
    #[error("{0}")]
    Store(#[from] store::Error),
    /// No instance goes by this name.
    #[error("there is no instance {0}")]
    InstanceUnknown(InstanceId),
    /// The instance was deleted and only its history is left.
    #[error("the instance {0} was deleted")]
    InstanceDeleted(InstanceId),
    /// The name belongs to an instance with other settings.
    #[error("the instance {0} exists already")]
    InstanceExists(InstanceId),
    /// The name belongs to a deleted instance that must be purged first.
    #[error("the name {0} belongs to a deleted instance; purge that first")]
    PurgeRequired(InstanceId),
    /// A deleted instance cannot be changed.
    #[error("the instance {0} was deleted and cannot be changed")]
    PatchOfDeleted(InstanceId),
    /// Money of the instance is under way, so that it is deleted by force only; what there is.
    #[error(
        "there are {0}; with force, all of that is refunded, and the key is kept \
         until the exchange has confirmed the last refund"
    )]
    InstanceUnfinished(Unfinished),
    /// No credentials, wrong ones, or ones that tilld does not know.
    #[error("not authorized")]
    NotAuthorized,
    /// The token was good once.
    #[error("the token has expired")]
    TokenExpired,
    /// The token's scope lacks this permission.
    #[error("the token lacks the permission {}", .0.as_str())]
    NotPermitted(Permission),
    /// The token may not be traded for one of the scope asked for.
    #[error("the token cannot be exchanged for one of this scope")]
    ScopeExceeded,
    /// Too many passwords were tried; come back after this time.
    #[error("too many password attempts; wait {} s", .0.as_secs())]
    TooManyAttempts(Duration),
    /// Too much was written for strangers of this network, or of this template; come back after this
    /// time.
    #[error("too many orders and claims; wait {} s", .0.as_secs())]
    TooManyWrites(Duration),
    /// The shop has too many unpaid orders that strangers have made.
    #[error("too many unpaid orders of templates")]
    TooManyOpenOrders,
    /// The rest of the disk is reserved for payments.
    #[error("the rest of the disk is reserved for payments")]
    DiskReserve,
    /// So many passwords wait to be checked that this one was not.
    #[error("too many passwords are being checked")]
    Overloaded,
    /// No token has this serial number.
    #[error("there is no token {0}")]
    TokenUnknown(i64),
    /// No account of the instance has this hash.
    #[error("there is no such account")]
    AccountUnknown,
    /// The account to be removed is not there, or not in use.
    #[error("this account is not in use")]
    AccountNotActive,
    /// The account is there, with other details.
    #[error("the account exists with other details")]
    AccountExists,
    /// The account does not say whose it is, which every contract must (merchant-api 1.4).
    #[error("the account lacks the holder's name (?receiver-name=…)")]
    NoReceiverName,
    /// The shop has no such order.
    #[error("there is no order {0}")]
    OrderUnknown(OrderId),
    /// There is no such order, or it needs another token.
    #[error("there is no such order for this wallet")]
    ClaimUnknown,
    /// Another wallet has claimed the order.
    #[error("another wallet has claimed the order {0}")]
    AlreadyClaimed(OrderId),
    /// The order's claim token is another.
    #[error("the claim token is wrong")]
    TokenWrong,
    /// The hash of the order's contract is another.
    #[error("the contract's hash is wrong")]
    HashWrong,
    /// The time to pay the order is over.
    #[error("the pay deadline of order {0} has passed")]
    OfferExpired(OrderId),
    /// No contract has this hash, or not for this order.
    #[error("there is no such contract")]
    ContractUnknown,
    /// No order was made for the session.
    #[error("there is no order for this session")]
    SessionUnknown,
    /// The shop has no account that the money could go to.
    #[error("the instance {0} has no such bank account in use")]
    NoAccount(InstanceId),
    /// No trusted exchange has coins in the order's currency.
    #[error("no trusted exchange has coins of this currency")]
    NoExchange,
    /// No exchange that has coins in the order's currency can pay any of the shop's accounts.
    #[error("no exchange of this currency can pay any account of the shop")]
    NoneCanWire,
    /// The price is more than all exchanges together let a shop take.
    #[error("the price is above the limits of all exchanges")]
    BeyondLimits,
    /// The name belongs to another order.
    #[error("an order {0} with other content exists")]
    OrderExists(OrderId),
    /// No contract can be made of the order.
    #[error("{0}")]
    Order(#[from] BadOrder),
    /// A use case of the inventory failed; it says why.
    #[error("{0}")]
    Inventory(#[from] InventoryError),
    /// The shop has no such device.
    #[error("there is no such OTP device")]
    OtpDeviceUnknown,
    /// The name belongs to another device.
    #[error("an OTP device {0} with other content exists")]
    OtpDeviceExists(OtpDeviceId),
    /// The algorithm of a device cannot be changed.
    #[error("the algorithm of an OTP device cannot change")]
    OtpAlgorithmFixed,
    /// The shop has as many devices as it may have.
    #[error("an instance has at most {max} OTP devices", max = MAX_OTP_DEVICES)]
    TooManyOtpDevices,
    /// The order is paid, in another way.
    #[error("the order {0} is paid already")]
    AlreadyPaid(OrderId),
    /// It will not go with these coins.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// An exchange would not, or could not.
    #[error("{0}")]
    Exchange(Box<ExchangeError>),
    /// The signature by which a wallet gives an order back does not hold.
    #[error("the wallet's signature is invalid")]
    UnclaimSignature,
    /// There is no contract whose payment could be aborted.
    #[error("there is no such contract")]
    AbortOfUnknown,
    /// The hash of the contract whose payment is to be aborted is another.
    #[error("the contract's hash is wrong")]
    AbortOfOther,
    /// The payment is complete, and nothing can be aborted.
    #[error("the payment is complete")]
    PaymentComplete,
    /// The hash is not that of the order's contract.
    #[error("the hash is not that of the order's contract")]
    OtherContract,
    /// The exchange's fee for the refund is higher than the refund.
    #[error("the refund is below the exchange's refund fee")]
    RefundBelowFee,
    /// The refund is more than an exchange gives back at a time.
    #[error("the refund is above an exchange's limit")]
    RefundBeyondLimit,
    /// The receipt is not the shop's, or for another contract.
    #[error("the receipt's signature is not this shop's")]
    ReceiptWrong,
    /// The hash is that of another order's contract.
    #[error("the contract belongs to another order")]
    ContractMismatch,
    /// There is nothing to refund.
    #[error("the order is not paid")]
    RefundOfUnpaid,
    /// The refund is in another currency than the price.
    #[error("the refund is in another currency")]
    RefundCurrency,
    /// The refund is above the price, or below what was granted before.
    #[error("the refund is above the price or below an earlier one")]
    RefundInconsistent,
    /// The contract allows no refunds.
    #[error("the contract allows no refunds")]
    RefundNotAllowed,
    /// The time for refunds is over.
    #[error("the refund deadline has passed")]
    RefundTooLate,
    /// A wallet has claimed the order and may pay it.
    #[error("a wallet has claimed the order and may still pay")]
    AwaitingPayment,
    /// The order is paid and must be kept for the books.
    #[error("the order is paid and must be kept")]
    MustBeKept,
    /// A path into a contract is invalid.
    #[error("{0}")]
    ForgetPath(#[from] BadPath),
    /// A part of the contract cannot be forgotten; which one.
    #[error("{0}")]
    NotForgettable(String),
    /// The shop has no such template.
    #[error("there is no template {0}")]
    TemplateUnknown(TemplateId),
    /// The name belongs to another template.
    #[error("a template {0} with other content exists")]
    TemplateExists(TemplateId),
    /// The template is invalid.
    #[error("{0}")]
    Template(#[from] BadTemplate),
    /// No order comes of the template and what the customer says.
    #[error("{0}")]
    TemplateInput(#[from] TemplateMismatch),
    /// The shop has no such webhook.
    #[error("there is no webhook {0}")]
    WebhookUnknown(WebhookId),
    /// The name belongs to another webhook.
    #[error("a webhook {0} with other content exists")]
    WebhookExists(WebhookId),
    /// The shop has as many webhooks as it may have.
    #[error("the shop has as many webhooks as it may have")]
    TooManyWebhooks,
    /// The texts of the webhook are malformed or too long.
    #[error("{0}")]
    Webhook(#[from] BadWebhook),
    /// The webhook's address may not be called; why.
    #[error("url: {0}")]
    WebhookRefused(String),
    /// The webhook has no such delivery.
    #[error("there is no delivery {}", .0.0)]
    DeliveryUnknown(DeliverySerial),
    /// The keys of the exchange are not known, so that it is not known what it asks for.
    #[error("the exchange cannot be reached")]
    KycExchangeUnreachable,
    /// The shop has no such confirmed transfer.
    #[error("there is no such transfer")]
    TransferUnknown,
    /// The exchange has answered about the transfer, so that it cannot be taken back.
    #[error("the exchange has answered about this transfer")]
    TransferAnswered,
    /// The transfer was confirmed before with another amount.
    #[error("the transfer was confirmed before with another amount")]
    TransferConflict,
    /// No exchange has named such a transfer.
    #[error("there is no such expected transfer")]
    ExpectedTransferUnknown,
    /// Too many test calls were made; come back after this time.
    #[error("too many test calls; wait {} s", .0.as_secs())]
    TooManyTests(Duration),
    /// A stored order cannot be read.
    #[error("a stored contract is damaged: {0}")]
    Damaged(String),
    /// A value does not fit; it says which.
    #[error("{0}")]
    InvalidField(#[from] InvalidField),
    /// The machine has no randomness to give.
    #[error("the system's random number generator failed")]
    NoRandomness,
    /// A password could not be hashed, or its stored hash is damaged.
    #[error("password hash: {0}")]
    PasswordHash(String),
}

impl From<NoRandomness> for Error {
    fn from(NoRandomness: NoRandomness) -> Self {
        Self::NoRandomness
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
            settling: Arc::default(),
            kyc_checks: kyc::KycChecks::default(),
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
