//! What a till does, in the shop's words: one verb a method, one noun a file.
//!
//! A [`Till`] is handed its store and its settings and then serves every door alike: the web, the
//! command line, and later the clock. A verb looks, decides with `domain`, acts, and says what came
//! of it; it knows no status codes and no JSON. Who may do what is a value: a [`Clerk`].

pub mod access;
mod account;
mod instance;
mod password;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::access::Permission;
use crate::domain::amount::Currency;
use crate::domain::currency::CurrencySpecification;
use crate::domain::ids::InstanceId;
use crate::domain::instance::{Instance, InstanceSettings};
use crate::domain::time::{RelativeTime, Timestamp};
use crate::domain::unfit::Unfit;
use crate::domain::web::BaseUrl;
use crate::store::{self, Store};
use crate::taler::sign::PublicKey;

pub use access::{Clerk, Issued, Key, TokenWish};
pub use account::AccountWish;
pub use instance::{Auth, InstanceWish};
pub use password::Password;

/// What the till tells the time by: contracts, tokens and people need the wall clock.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's own clock, in whole seconds.
    pub fn system() -> Self {
        Self(Arc::new(|| {
            #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
            let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let seconds = since_1970.map_or(0, |elapsed| elapsed.as_secs());
            Timestamp::from_secs(seconds).unwrap_or(Timestamp::NEVER)
        }))
    }

    /// A clock that says whatever `now` says.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// An exchange whose coins the shop takes.
#[derive(Clone, Debug)]
pub struct TrustedExchange {
    /// Where it is.
    pub base_url: BaseUrl,
    /// What its keys are verified with.
    pub master_public_key: PublicKey,
    /// What its coins are in.
    pub currency: Currency,
}

/// What holds for all instances of this daemon.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What amounts are in when nobody says otherwise.
    pub currency: Currency,
    /// Every currency that is known, and how to show it.
    pub currencies: Vec<CurrencySpecification>,
    /// The exchanges that are trusted.
    pub exchanges: Vec<TrustedExchange>,
    /// Time to pay, where an instance says nothing.
    pub default_pay_delay: RelativeTime,
    /// Time for refunds, where an instance says nothing.
    pub default_refund_delay: RelativeTime,
    /// Time until the exchange wires, where an instance says nothing.
    pub default_wire_transfer_delay: RelativeTime,
}

/// The till itself. Cheap to clone; all clones are one till.
#[derive(Clone, Debug)]
pub struct Till {
    store: Store,
    clock: Clock,
    terms: Arc<Terms>,
    passwords: Arc<password::Gate>,
}

/// What can go wrong with a verb.
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
    /// So many passwords wait to be checked that this one was not.
    Crowded,
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
    /// A value does not fit; it says which.
    Unfit(Unfit),
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
            Self::InstanceExists(id) => write!(f, "there is an instance {id} already"),
            Self::PurgeRequired(id) => {
                write!(f, "the name {id} belongs to a deleted instance; purge that first")
            }
            Self::PatchOfDeleted(id) => {
                write!(f, "the instance {id} was deleted and cannot be changed")
            }
            Self::NotAuthorized => f.write_str("not authorized"),
            Self::TokenExpired => f.write_str("the token has expired"),
            Self::NotPermitted(permission) => {
                write!(f, "the token lacks the permission {}", permission.as_str())
            }
            Self::ScopeExceeded => f.write_str("the token cannot be traded for one of this scope"),
            Self::TooManyAttempts(wait) => {
                write!(f, "too many passwords were tried; wait {} s", wait.as_secs())
            }
            Self::Crowded => f.write_str("too many passwords are being checked"),
            Self::TokenUnknown(serial) => write!(f, "there is no token {serial}"),
            Self::AccountUnknown => f.write_str("there is no such account"),
            Self::AccountNotActive => f.write_str("there is no such account in use"),
            Self::AccountExists => f.write_str("the account is there with other details"),
            Self::NoReceiverName => {
                f.write_str("the account does not say whose it is (?receiver-name=…)")
            }
            Self::Unfit(bad) => bad.fmt(f),
            Self::NoRandomness => f.write_str("the system gives no random numbers"),
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

impl From<Unfit> for Error {
    fn from(bad: Unfit) -> Self {
        Self::Unfit(bad)
    }
}

impl Till {
    /// A till over `store`.
    pub fn new(store: Store, terms: Terms, clock: Clock) -> Self {
        Self { store, clock, terms: Arc::new(terms), passwords: Arc::new(password::Gate::new()) }
    }

    /// What holds for all instances.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// How the store is doing, for whoever looks after the daemon.
    pub fn store_stats(&self) -> store::Stats {
        self.store.stats()
    }

    /// Can the till read and write?
    ///
    /// # Errors
    /// [`Error::Store`] says what does not work.
    pub async fn ready(&self) -> Result<(), Error> {
        Ok(self.store.healthy().await?)
    }

    /// Settings of a new instance called `name` about which nobody said anything else.
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

/// `N` bytes of the system's randomness.
fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes)
}

/// Whose attempts are counted together: a client's address, IPv6 by its network of 64 bits, since
/// whoever has one such address has them all.
fn neighbourhood(peer: Option<IpAddr>) -> Option<IpAddr> {
    match peer.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            Some(std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
        }
        other => other,
    }
}
